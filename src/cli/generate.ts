/**
 * `fibra generate [dir]`: writes one module with every component that the modules of a folder export, and their
 * behaviours. It reads the modules and runs none of them.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { posix, relative, resolve } from "node:path"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Finding } from "./Finding.ts"
import * as GeneratedModule from "./GeneratedModule.ts"
import { isCandidate, type ModuleScan, type Parser, scan } from "./ModuleScan.ts"

/** What is generated from where, both from the present folder. */
interface Target {
  readonly folder: string
  readonly out: string
  /** How the command is called. */
  readonly command: string
}

const loadParser: Effect.Effect<Parser, Finding> = Effect.tryPromise({
  try: () => import("oxc-parser"),
  catch: () =>
    new Finding({
      message: "fibra generate reads modules with oxc-parser, which is not installed.",
      hint: "Run `npm install --save-dev oxc-parser`."
    })
})

/** Modules below a folder, in an order that is the same everywhere; no tests, declarations, or folders of other people's code. */
const modulesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) return ignored.test(entry.name) ? [] : modulesOf(path)
      return /\.[cm]?[jt]sx?$/.test(entry.name) && !/\.(test|spec|d|gen)\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : []
    })

const ignored = /^(\..*|node_modules|dist|build|coverage)$/

/** What keeps a file from being read or written, by Node's name for it. */
const troubles: Readonly<Record<string, string>> = {
  ENOENT: "it, or its folder, is not there",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  EACCES: "this user may not do that",
  EPERM: "this user may not do that",
  EROFS: "its file system is read-only"
}

/** Reads or writes files; what goes wrong with one of them is a finding. */
const withFiles = <A>(work: () => A): Effect.Effect<A, Finding> =>
  Effect.catchDefect(Effect.sync(work), (defect) => {
    const { code = "", path } = defect as NodeJS.ErrnoException
    if (path === undefined) return Effect.die(defect)
    const message = `${slashes(relative(".", path))} cannot be used: ${troubles[code] ?? code}.`
    return Effect.fail(new Finding({ message, hint: "See to it, and run the command again." }))
  })

const generated = (parser: Parser, target: Target): ReturnType<typeof GeneratedModule.make> => {
  if (!existsSync(target.folder) || !statSync(target.folder).isDirectory()) {
    return [
      new Finding({ message: `There is no folder ${target.folder}.`, hint: "Name the one that has your modules." })
    ]
  }
  const scans: Array<ModuleScan> = []
  const findings: Array<Finding> = []
  for (const file of modulesOf(target.folder)) {
    const text = readFileSync(file, "utf8")
    if (file === target.out || !isCandidate(text)) continue
    const found = scan(parser, file, text)
    if (found instanceof Finding) findings.push(found)
    else scans.push(found)
  }
  return findings.length > 0 ? findings : GeneratedModule.make(scans, target)
}

const report = (findings: ReadonlyArray<Finding>): Effect.Effect<void> =>
  Effect.andThen(
    Effect.forEach(findings, ({ hint, message }) => Console.error(`${message}\n  ${hint}`)),
    Effect.sync(() => void (process.exitCode = 1))
  )

const textOf = (path: string): string => (existsSync(path) && statSync(path).isFile() ? readFileSync(path, "utf8") : "")

/** Writes the module, unless it is there already. */
const write = (parser: Parser, target: Target): Effect.Effect<void> =>
  withFiles(() => {
    const result = generated(parser, target)
    if (!("text" in result)) return report(result)
    const isSame = GeneratedModule.isSame(result.text, textOf(target.out))
    if (!isSame) writeFileSync(target.out, result.text)
    process.exitCode = 0
    return Console.log(
      `${target.out}: ${result.components} ${result.components === 1 ? "component" : "components"}${isSame ? ", as before" : ""}`
    )
  }).pipe(
    Effect.flatten,
    Effect.catch((finding) => report([finding]))
  )

/** Compares the module with what is there. */
const check = (parser: Parser, target: Target): Effect.Effect<void, Finding> =>
  withFiles(() => {
    const result = generated(parser, target)
    if (!("text" in result)) return report(result)
    if (GeneratedModule.isSame(result.text, textOf(target.out))) return Effect.void
    const message = `${target.out} is not what the modules of ${target.folder} say.`
    return report([new Finding({ message, hint: `Run \`${target.command}\`, and check in what it changed.` })])
  }).pipe(Effect.flatten)

/** Writes the module whenever something in the folder has changed, until the process ends. */
const watch = (parser: Parser, target: Target): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    yield* write(parser, target)
    yield* files.watch(target.folder, { recursive: true }).pipe(
      Stream.debounce("50 millis"),
      Stream.runForEach(() => write(parser, target)),
      Effect.catch((error) =>
        report([
          new Finding({
            message: `${target.folder} cannot be watched: ${error.message}`,
            hint: "Run the command without --watch."
          })
        ])
      )
    )
  })

/** The command. */
export const generate = Command.make(
  "generate",
  {
    dir: Argument.String("dir").pipe(Argument.withDescription("The folder of your modules"), Argument.withDefault(".")),
    out: Flag.String("out").pipe(
      Flag.withDescription("The module to write, instead of live.gen.ts in the folder"),
      Flag.optional
    ),
    check: Flag.Boolean("check").pipe(
      Flag.withDescription("Write nothing; exit with 1 when the module would change"),
      Flag.withDefault(false)
    ),
    watch: Flag.Boolean("watch").pipe(
      Flag.withDescription("Write the module again whenever one of yours changes"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(
    function* (given) {
      const folder = slashes(relative(".", resolve(given.dir))) || "."
      const target: Target = {
        folder,
        out: slashes(relative(".", resolve(Option.getOrElse(given.out, () => posix.join(folder, "live.gen.ts"))))),
        command: ["fibra generate", folder, ...Option.toArray(Option.map(given.out, (out) => `--out ${out}`))].join(" ")
      }
      if (given.check && given.watch) {
        const hint = "Leave one of them out: --check ends with the result, and --watch does not end."
        return yield* new Finding({ message: "--check and --watch cannot be had together.", hint })
      }
      const parser = yield* loadParser
      yield* given.check ? check(parser, target) : given.watch ? watch(parser, target) : write(parser, target)
    },
    Effect.catchTag("Finding", (finding) => report([finding]))
  )
).pipe(Command.withDescription("Write a module with the components and behaviours of a folder"))

const slashes = (path: string): string => path.replaceAll("\\", "/")
