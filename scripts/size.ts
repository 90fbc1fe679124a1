// What a page costs above React: test/fixtures/size/page.tsx (a contract, `LiveProvider` and `useComponent`) as vite builds it for
// production, minified and gzipped, without react and react-dom.
//
//   node scripts/size.ts            prints what costs what; exits with 1 when the page costs more than the budget
//   node scripts/size.ts --files    the same, file by file
//
// Bytes of a file are those that come from it by the source map of the minified page. Of the gzipped bytes each file has the
// same part: what it costs is not exactly what is saved without it.
import { readFileSync } from "node:fs"
import { SourceMap } from "node:module"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "vite"

/** Gzipped bytes, in thousands. Lower it whenever the page has become smaller. */
const budget = 68
/** What it is to be: what the page of a good library of this kind costs. */
const target = 45

/** The same of others, with what a page needs of each: measured once, bundled by esbuild. */
const peers: ReadonlyArray<readonly [name: string, gzipped: number]> = [
  ["Phoenix LiveView", 44.7],
  ["Colyseus", 40.7],
  ["Convex, with its hooks", 20.2],
  ["Socket.IO", 13.0],
  ["TanStack Query", 10.5],
  ["tRPC, with its socket", 8.7]
]

/** The first that matches has the file. */
const groups: ReadonlyArray<readonly [name: string, files: RegExp]> = [
  ["fibra: uploads", /^src\/(Upload|FileName|client\/(\w*Upload\w*|ChunkSizer))\.ts$/],
  ["fibra: errors", /^src\/(LiveError|ErrorText|ConnectionFailure|Thrown|Log|client\/\w+Error)\.ts$/],
  ["fibra: client", /^src\/client\//],
  ["fibra: react", /^src\/(react|store)\//],
  ["fibra: contract, wire", /^src\//],
  ["effect: rpc, socket", /effect\/dist\/(rpc|socket|workers|http|net)\//],
  ["effect: streams, queues", /effect\/dist\/(Stream|Channel|Pull|Sink|Queue|PubSub|MutableList|Take)\.js$/],
  [
    "effect: schema",
    /effect\/dist\/(Schema\w*|internal\/schema\/.*|encoding\/.*|BigDecimal|Formatter|internal\/dateTime)\.js$/
  ],
  [
    "effect: fibers, layers",
    /effect\/dist\/(internal\/(effect|core|tracer|references)|Effect|Context|Layer|ManagedRuntime|Scheduler|Fiber|Deferred|Latch|Semaphore|Tracer|Cause|Exit|Scope)\.js$/
  ],
  ["effect: other", /effect\/dist\//],
  ["the page itself", /^(test|examples)\/|^the bundle$/],
  ["other", /^/]
]

const root = fileURLToPath(new URL("..", import.meta.url))
/** Where the budget is said, too. */
const docs = "docs/react.md"
const page = join(root, "test", "fixtures", "size", "page.tsx")

/** What the package gives a bundler that makes a page for production, as a source. */
const devtools = String(
  /"\.\/devtools": \{[^}]*"default": "\.\/dist\/([^"]+)\.js"/.exec(
    readFileSync(join(root, "package.json"), "utf8")
  )?.[1]
)
const ofProduction = `src/${devtools}.ts`

const bundle = async (): Promise<{ readonly code: string; readonly map: object }> => {
  const built = await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { tsconfigPaths: true, alias: { "fibra/devtools": join(root, ofProduction) } },
    build: {
      write: false,
      sourcemap: "hidden",
      modulePreload: false,
      rolldownOptions: { input: page, external: [/^react(-dom)?(\/|$)/] }
    }
  })
  const chunk = [built].flat().flatMap((one) => ("output" in one ? one.output : []))[0]
  if (chunk?.type !== "chunk" || chunk.map === null) throw new Error("vite has built no page")
  return { code: chunk.code, map: chunk.map }
}

/** The minified bytes of each file. */
const bytesOf = (code: string, map: object): ReadonlyMap<string, number> => {
  const sources = new SourceMap(map as ConstructorParameters<typeof SourceMap>[0])
  const bytes = new Map<string, number>()
  code.split("\n").forEach((line, row) => {
    for (let column = 0; column < line.length; column++) {
      const found = sources.findEntry(row, column)
      const source = "originalSource" in found ? (found.originalSource ?? "") : ""
      bytes.set(source, (bytes.get(source) ?? 0) + 1)
    }
  })
  // Sources are named from the folder of the page, which is in `dist/assets`.
  return new Map(Array.from(bytes, ([source, count]) => [nameOf(source), count]))
}

const nameOf = (source: string): string =>
  source === "" ? "the bundle" : relative(root, join(root, "dist", "assets", source))

const thousands = (bytes: number): string => (bytes / 1000).toFixed(1).padStart(8)

const { code, map } = await bundle()
const gzipped = gzipSync(code, { level: 9 }).length
const files = bytesOf(code, map)
const share = gzipped / Array.from(files.values()).reduce((sum, count) => sum + count, 0)

const sums = new Map<string, number>()
for (const [file, count] of files) {
  const name = process.argv.includes("--files")
    ? file
    : (groups.find(([, pattern]) => pattern.test(file))?.[0] ?? "other")
  sums.set(name, (sums.get(name) ?? 0) + count)
}

const row = (name: string, minified: string, gzipped: string): string =>
  `${name.padEnd(36)}${minified.padStart(8)}  ${gzipped}`
console.log(row("kB", "minified", " gzipped"))
for (const [name, count] of Array.from(sums).sort(([, a], [, b]) => b - a)) {
  console.log(row(name, thousands(count), thousands(count * share)))
}
console.log(row("a page, above React", thousands(code.length), thousands(gzipped)))
console.log(`\n${peers.map(([name, size]) => row(name, "", thousands(size * 1000))).join("\n")}`)

const isOver = gzipped > budget * 1000
const text = `${(gzipped / 1000).toFixed(1)} kB gzipped, the budget is ${budget} kB, the target ${target} kB.`
console.log(`\n${text}`)
if (!readFileSync(join(root, docs), "utf8").includes(` ${budget} kB`)) {
  console.error(`${docs} does not say that a page costs at most ${budget} kB.`)
  process.exitCode = 1
}
const tools = Array.from(files.keys()).filter((file) => file.startsWith("src/devtools/") && file !== ofProduction)
if (tools.length > 0) {
  console.error(`The devtools have come into a page for production: ${tools.join(", ")}.`)
  process.exitCode = 1
}
if (isOver) {
  console.error(
    "The page is over its budget.\n  To do: `node scripts/size.ts --files` before and after the change says what has come into the page."
  )
  process.exitCode = 1
}
