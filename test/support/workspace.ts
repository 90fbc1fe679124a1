/** A copy of the project in a folder of its own, to be broken without harm. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

/** The folder of the project itself. */
export const root = fileURLToPath(new URL("../..", import.meta.url))

/** What a command left behind. */
export interface Outcome {
  readonly ok: boolean
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly output: string
}

/** Runs a program of this project's Node and gives what it printed. */
export const run = (
  cwd: string,
  file: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Outcome> =>
  Effect.callback((resume) => {
    const path = `${join(root, "node_modules", ".bin")}:${process.env["PATH"]}`
    const child = execFile(file, args, { cwd, env: { ...process.env, PATH: path, ...env } }, (error, stdout, stderr) =>
      resume(Effect.succeed({ ok: error === null, code: child.exitCode ?? undefined, output: stdout + stderr }))
    )
    return Effect.sync(() => child.kill())
  })

/** A folder that is gone when the Scope closes. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "fibra-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Writes files, given by their path. */
export const write = (cwd: string, files: Readonly<Record<string, string>>): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, path)), { recursive: true })
      await writeFile(join(cwd, path), text)
    }
  })

const copied = [
  "src",
  "scripts",
  "examples",
  "docs",
  "type-tests",
  "bench",
  "torture",
  "test",
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "package.json",
  "tsconfig.json",
  "vite.dashboard.config.ts",
  "vitest.config.ts",
  "vitest.mutate.config.ts",
  "stryker.config.mjs",
  "knip.json",
  ".dependency-cruiser.mjs"
]

/** A copy of the project with these files added to it, or in place of its own. */
export const copyWith = Effect.fnUntraced(function* (files: Readonly<Record<string, string>>) {
  const cwd = yield* folder
  yield* Effect.promise(async () => {
    // What the bench has installed for itself is not the project's.
    const filter = (path: string) => basename(path) !== "node_modules"
    for (const name of copied) await cp(join(root, name), join(cwd, name), { recursive: true, filter })
    await symlink(join(root, "node_modules"), join(cwd, "node_modules"))
  })
  yield* write(cwd, files)
  return cwd
})
