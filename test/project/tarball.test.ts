/** What is published works where it is installed, exactly as the README says: server, client, page, tests and types. */
import { spawn } from "node:child_process"
import { mkdir, readdir, readFile, symlink } from "node:fs/promises"
import { createServer } from "node:net"
import { basename, dirname, join, normalize } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { folder, root, run, write } from "../support/workspace.ts"

/** The code of the README by the name of its file, the commands that install what it needs, and its tsconfig.json. */
const readme = Effect.promise(async () => {
  const page = await readFile(join(root, "README.md"), "utf8")
  const files: Record<string, string> = {}
  for (const [, path, code] of page.matchAll(/<!-- snippet: ([^\s#]+)\S* -->\n\n```\w+\n([^]*?)```/g)) {
    files[basename(String(path))] = String(code)
  }
  files["tsconfig.json"] = String(/`tsconfig\.json`:\n\n```json\n([^]*?)```/.exec(page)?.[1])
  const commands = String(/```sh\n(npm init [^]*?)```/.exec(page)?.[1])
  return { page, files, commands }
})

/** A project with what the README says in it, and the package as an installation would leave it there. */
class Project extends Context.Service<Project, { readonly cwd: string; readonly tarball: ReadonlyArray<string> }>()(
  "test/Project"
) {
  static readonly layer = Layer.effect(
    Project,
    Effect.gen(function* () {
      const cwd = yield* folder
      const packed = yield* run(root, "npm", ["pack", "--silent", "--pack-destination", cwd])
      assert.isTrue(packed.ok, packed.output)
      const [name] = yield* Effect.promise(async () => (await readdir(cwd)).filter((name) => name.endsWith(".tgz")))
      const own = join(cwd, "node_modules", "fibra")
      yield* Effect.promise(() => mkdir(own, { recursive: true }))
      const unpacked = yield* run(cwd, "tar", ["-xvzf", String(name), "-C", own, "--strip-components", "1"])
      assert.isTrue(unpacked.ok, unpacked.output)
      const tarball = unpacked.output.trim().split("\n")
      // The packages it stands on, as they are here: no registry is asked.
      yield* Effect.promise(async () => {
        for (const name of await readdir(join(root, "node_modules"))) {
          if (!name.startsWith(".")) await symlink(join(root, "node_modules", name), join(cwd, "node_modules", name))
        }
      })
      const { files } = yield* readme
      yield* write(cwd, { ...files, "package.json": `{ "type": "module" }` })
      return { cwd, tarball: tarball.map((path) => path.replace(/^package\//, "")) }
    })
  )
}

/** A port that was free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Runs the README's server until the Scope closes; done when it listens. */
const serve = (cwd: string, port: number) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof spawn>>((resume) => {
      const child = spawn(join(root, "node_modules", ".bin", "node"), ["main.ts"], {
        cwd,
        env: { ...process.env, PORT: String(port) }
      })
      child.stdout.on("data", (data: Buffer) => {
        if (data.toString().includes("Listening")) resume(Effect.succeed(child))
      })
      child.stderr.on("data", (data: Buffer) => resume(Effect.die(new Error(data.toString()))))
    }),
    (child) => Effect.sync(() => child.kill())
  )

const tool = (cwd: string, path: string, ...args: ReadonlyArray<string>) =>
  run(cwd, "node", [join(root, "node_modules", path), ...args])

/**
 * The relative links of a page, from the root of the package and without what follows `#`. Pictures are not in the package:
 * they are large, and the page says the same.
 */
const linksOf = (path: string, page: string): ReadonlyArray<string> =>
  [...page.matchAll(/\]\((?!https?:|#|wss?:)([^)#\s]+)/g)]
    .map(([, link]) => normalize(join(dirname(path), String(link))))
    .filter((link) => !link.endsWith(".png"))

/** Several programs share two cores. */
const minutes = 180_000

layer(Project.layer, { excludeTestServices: true, timeout: minutes })("an empty project with the tarball", (it) => {
  it.effect(
    "an empty project with the tarball compiles every snippet of the README",
    () =>
      Effect.gen(function* () {
        const { cwd } = yield* Project
        const compiled = yield* tool(cwd, "typescript/bin/tsc", "--noUnusedLocals")
        assert.isTrue(compiled.ok, compiled.output)
        // It was all of them.
        const { files, page } = yield* readme
        const code = [...page.matchAll(/^```(?:ts|tsx|html)$/gm)]
        assert.lengthOf(code, Object.keys(files).length - 1)
      }),
    minutes
  )

  it.effect(
    "an empty project with the tarball runs the README's test",
    () =>
      Effect.gen(function* () {
        const { cwd } = yield* Project
        const tested = yield* tool(cwd, "vitest/vitest.mjs", "run")
        assert.isTrue(tested.ok, tested.output)
        assert.include(tested.output, "1 passed")
      }),
    minutes
  )

  it.effect(
    "an empty project runs the README's server and client, and builds its page without Node",
    () =>
      Effect.gen(function* () {
        const { cwd } = yield* Project
        const port = yield* freePort
        yield* serve(cwd, port)
        const client = yield* run(cwd, "node", ["client.ts"], { LIVE_URL: `ws://127.0.0.1:${port}/api/live/rpc` })
        assert.isTrue(client.ok, client.output)
        assert.include(client.output, "total: 10")
        assert.include(client.output, "limit: no further than 100")

        const built = yield* tool(cwd, "vite/bin/vite.js", "build")
        assert.isTrue(built.ok, built.output)
        const [name] = yield* Effect.promise(() => readdir(join(cwd, "dist", "assets")))
        const bundle = yield* Effect.promise(() => readFile(join(cwd, "dist", "assets", String(name)), "utf8"))
        assert.include(bundle, "The last milestone was")
        assert.notMatch(bundle, /from\s*["'](node:|ws["'])|__vite-browser-external/)

        const doctor = ["node_modules/fibra/dist/cli/main.js", "doctor", "--url"]
        const healthy = yield* run(cwd, "node", [...doctor, `ws://127.0.0.1:${port}/api/live/rpc`])
        assert.isTrue(healthy.ok, healthy.output)
        assert.match(healthy.output, /answers in .* ms/)
        const alone = yield* run(cwd, "node", [...doctor, `ws://127.0.0.1:${port}/nowhere`])
        assert.isFalse(alone.ok)
        assert.include(alone.output, "nowhere (404)")
      }).pipe(Effect.scoped),
    minutes
  )

  it.effect(
    "the devtools are in a page that is built for development, and nothing of them in one for production",
    () =>
      Effect.gen(function* () {
        const { cwd } = yield* Project
        yield* write(join(cwd, "devtools"), {
          "index.html": '<div id="root"></div><script type="module" src="./page.tsx"></script>',
          "page.tsx": `
            import { LiveDevtools } from "fibra/devtools"
            import { showDevtools } from "fibra/devtools/store"
            import { LiveProvider } from "fibra/react"
            import { LiveStore } from "fibra/store"
            import { createRoot } from "react-dom/client"
            showDevtools(LiveStore.connect())
            createRoot(document.body).render(<LiveProvider><LiveDevtools record dashboard="/monitor/" /></LiveProvider>)`
        })
        const page = Effect.fnUntraced(function* (mode: string) {
          const place = join(cwd, "devtools", mode)
          const vite = join(root, "node_modules/vite/bin/vite.js")
          const built = yield* run(cwd, "node", [vite, "build", "devtools", "--outDir", place], { NODE_ENV: mode })
          assert.isTrue(built.ok, built.output)
          const [name] = yield* Effect.promise(() => readdir(join(place, "assets")))
          return yield* Effect.promise(() => readFile(join(place, "assets", String(name)), "utf8"))
        })
        const told = /fibra devtools|attachShadow|adoptedStyleSheets/
        assert.match(yield* page("development"), told)
        assert.notMatch(yield* page("production"), told)
      }),
    minutes
  )

  it.effect("the tarball exports nothing internal", () =>
    Effect.gen(function* () {
      const { cwd } = yield* Project
      const internal = yield* run(cwd, "node", ["-e", `import("fibra/internal/x").catch((e) => console.log(e.code))`])
      assert.include(internal.output, "ERR_PACKAGE_PATH_NOT_EXPORTED")
    })
  )

  it.effect("the commands of the README install all that is imported, in versions that were tested", () =>
    Effect.gen(function* () {
      const { commands, files } = yield* readme
      const imported = new Set(
        Object.values(files).flatMap((code) =>
          [...code.matchAll(/from "((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name]) => String(name))
        )
      )
      const asked = new Map(
        [...commands.matchAll(/ (@?[\w/-]+)@([~\d.]+)/g)].map(([, name, range]) => [String(name), String(range)])
      )
      assert.deepStrictEqual(
        [...imported].filter((name) => !name.startsWith("node") && name !== "fibra" && !asked.has(name)),
        []
      )
      assert.include(commands, "fibra-0.1.0.tgz")
      for (const [name, range] of asked) {
        const path = join(root, "node_modules", name, "package.json")
        const { version } = JSON.parse(yield* Effect.promise(() => readFile(path, "utf8"))) as { version: string }
        const prefix = range.startsWith("~") ? range.slice(1, range.lastIndexOf(".")) : range
        assert.isTrue(version.startsWith(`${prefix}.`), `${name}@${range} is not ${version}`)
      }
    })
  )

  it.effect("the tarball has the documentation and the examples, with working links, and no secrets", () =>
    Effect.gen(function* () {
      const { cwd, tarball } = yield* Project
      const pages = tarball.filter((path) => path.endsWith(".md"))
      assert.includeMembers(pages, ["README.md", "docs/components.md", "CHANGELOG.md"])
      for (const path of pages) {
        const page = yield* Effect.promise(() => readFile(join(cwd, "node_modules", "fibra", path), "utf8"))
        for (const link of linksOf(path, page)) {
          assert.isTrue(
            tarball.some((file) => file === link || file.startsWith(`${link}/`)),
            `${path} leads to ${link}, which is not in the package`
          )
        }
      }
      assert.include(tarball, "examples/showcase/server.ts")
      assert.deepStrictEqual(
        tarball.filter((path) => /showcase\/(data|dist)\//.test(path)),
        []
      )
    })
  )
})
