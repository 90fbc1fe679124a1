/** What is published works where it is installed: in Node, and bundled for a browser. */
import { spawn } from "node:child_process"
import { mkdir, readdir, readFile, symlink } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder, root, run, write } from "../support/workspace.ts"

/** Packs the project and unpacks it as an installation would, beside the packages it stands on. */
const install = Effect.gen(function* () {
  const cwd = yield* folder
  const packed = yield* run(root, "npm", ["pack", "--silent", "--pack-destination", cwd])
  assert.isTrue(packed.ok, packed.output)
  yield* Effect.promise(() => mkdir(join(cwd, "node_modules", "fibra"), { recursive: true }))
  const [tarball] = yield* Effect.promise(async () => (await readdir(cwd)).filter((name) => name.endsWith(".tgz")))
  const unpacked = yield* run(cwd, "tar", [
    "-xzf",
    String(tarball),
    "-C",
    "node_modules/fibra",
    "--strip-components",
    "1"
  ])
  assert.isTrue(unpacked.ok, unpacked.output)
  yield* Effect.promise(async () => {
    for (const name of ["effect", "ws", "@effect", "react", "react-dom", "scheduler"]) {
      await symlink(join(root, "node_modules", name), join(cwd, "node_modules", name))
    }
  })
  yield* write(cwd, { "package.json": `{ "type": "module" }` })
  for (const name of ["Counter.ts", "CounterLayer.ts", "main.ts", "client.ts"]) {
    const text = yield* Effect.promise(() => readFile(join(root, "examples", "counter", name), "utf8"))
    yield* write(cwd, { [name]: text })
  }
  return cwd
})

const port = 3877

/** Runs the server until the Scope closes; done when it listens. */
const serve = (cwd: string) =>
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

describe("the tarball", () => {
  it.live(
    "runs the counter's server and client, and bundles for a browser",
    () =>
      Effect.gen(function* () {
        const cwd = yield* install
        yield* serve(cwd)
        const client = yield* run(cwd, "node", ["client.ts"], { LIVE_URL: `ws://127.0.0.1:${port}/api/live/rpc` })
        assert.isTrue(client.ok, client.output)
        assert.include(client.output, "total: 10")
        assert.include(client.output, "limit: no further than 100")

        yield* write(cwd, {
          "browser.ts":
            `import { LiveClient } from "fibra/client"\nimport { useComponent } from "fibra/react"\n` +
            `import { Counter } from "./Counter.ts"\nconsole.log(LiveClient, useComponent, Counter)\n`,
          "vite.config.ts": `export default { build: { lib: { entry: "browser.ts", formats: ["es"], fileName: "bundle" } } }`
        })
        const bundled = yield* run(cwd, "node", [join(root, "node_modules", "vite", "bin", "vite.js"), "build"])
        assert.isTrue(bundled.ok, bundled.output)
        const [name] = yield* Effect.promise(() => readdir(join(cwd, "dist")))
        const bundle = yield* Effect.promise(() => readFile(join(cwd, "dist", String(name)), "utf8"))
        assert.notMatch(bundle, /from\s*["'](node:|ws["'])/)
        const doctor = ["node_modules/fibra/dist/cli/main.js", "doctor", "--url", `ws://127.0.0.1:${port}/api/live/rpc`]
        const healthy = yield* run(cwd, "node", doctor)
        assert.isTrue(healthy.ok, healthy.output)
        assert.match(healthy.output, /answers in .* ms/)
        const alone = yield* run(cwd, "node", [...doctor.slice(0, 3), `ws://127.0.0.1:${port}/nowhere`])
        assert.isFalse(alone.ok)
        assert.include(alone.output, "did not answer within 5s")

        const internal = yield* run(cwd, "node", ["-e", `import("fibra/internal/x").catch((e) => console.log(e.code))`])
        assert.include(internal.output, "ERR_PACKAGE_PATH_NOT_EXPORTED")
      }),
    180_000
  )
})
