/** `npm start` takes its settings from the environment, and says in one line which of them it cannot work with. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { connect } from "../support/JsonSocket.ts"
import { copyWith, root } from "../support/workspace.ts"

const PATH = `${join(root, "node_modules", ".bin")}:${process.env["PATH"]}`

/** A port that was free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** `npm start`, whose server listens. */
interface Listening {
  /** Sends a signal to npm alone, and waits until it has ended and nobody has its output any more. */
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<Ended>
}

/** A copy of the project, and whether its pages were built there. */
class Copy extends Context.Service<Copy, { readonly cwd: string; isBuilt: boolean }>()("test/process/Copy") {
  static readonly layer = Layer.effect(
    Copy,
    Effect.map(copyWith({}), (cwd) => ({ cwd, isBuilt: false }))
  )
}

/** `npm start` in the copy, until the Scope closes; done when the server listens, or has ended. */
const npmStart = (env: Record<string, string>) =>
  Effect.gen(function* () {
    const copy = yield* Copy
    const { cwd, isBuilt } = copy
    // Only the first of all builds the pages, which are the same for the others.
    const args = isBuilt ? ["start", "--ignore-scripts"] : ["start"]
    copy.isBuilt = true
    const child = yield* Effect.acquireRelease(
      // npm, its shell and the server are one group.
      Effect.sync(() => spawn("npm", args, { cwd, env: { ...process.env, PATH, ...env }, detached: true })),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          process.kill(-Number(child.pid), "SIGKILL")
        })
    )
    return yield* Effect.callback<Ended | Listening>((resume) => {
      let output = ""
      const end = (signal: NodeJS.Signals) =>
        Effect.callback<Ended>((resume) => {
          child.once("close", (code) => resume(Effect.succeed({ code, output })))
          child.kill(signal)
        })
      const said = (data: Buffer) => {
        output += data.toString()
        if (output.includes("The showcase is at")) resume(Effect.succeed({ end }))
      }
      child.stdout.on("data", said)
      child.stderr.on("data", said)
      child.once("close", (code) => resume(Effect.succeed({ code, output })))
    })
  })

layer(Copy.layer, { excludeTestServices: true, timeout: 120_000 })((it) => {
  it.effect(
    "FIBRA_RATE=1 FIBRA_RATE_BURST=10 npm start refuses the eleventh message that is sent at once",
    () =>
      Effect.gen(function* () {
        const port = yield* freePort
        const started = yield* npmStart({ PORT: String(port), FIBRA_RATE: "1", FIBRA_RATE_BURST: "10" })
        assert.property(started, "end")
        const socket = yield* connect(port)
        const pings = Array.from({ length: 11 }, (_, requestId) => ({
          type: "COMPONENT_PING",
          componentId: "Clock-1-x",
          requestId
        }))
        yield* socket.send(pings)
        for (let answers = 0; answers < 10; answers++) {
          assert.propertyVal(yield* socket.next("COMPONENT_PONG"), "requestId", answers)
        }
        assert.deepInclude(yield* socket.next("ERROR"), { code: "RATE_LIMITED", requestId: 10 })
      }),
    240_000
  )

  it.effect(
    "npm start that is asked to end ends its server, and then with exit code 0",
    () =>
      Effect.gen(function* () {
        const port = yield* freePort
        const started = yield* npmStart({ PORT: String(port) })
        if (!("end" in started)) return assert.fail(started.output)
        yield* connect(port)
        const { code, output } = yield* started.end("SIGTERM")
        assert.strictEqual(code, 0, output)
        const isGone = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => false,
            () => true
          )
        )
        assert.isTrue(isGone)
      }).pipe(Effect.scoped),
    240_000
  )

  it.effect(
    "npm start ends over a setting that is not valid, and says in one line which, its value and what was expected",
    () =>
      Effect.gen(function* () {
        const ended = yield* npmStart({
          PORT: String(yield* freePort),
          FIBRA_RATE: "fast",
          FIBRA_IDLE_TIMEOUT: "2 parsecs"
        })
        if ("end" in ended) return assert.fail("It has started")
        assert.notStrictEqual(ended.code, 0)
        const lines = ended.output.split("\n")
        const [said = "", ...others] = lines.filter((line) => line.includes("FIBRA_"))
        assert.deepStrictEqual(others, [])
        assert.include(said, 'FIBRA_RATE is "fast". Expected a number above 0, or Infinity.')
        assert.include(
          said,
          'FIBRA_IDLE_TIMEOUT is "2 parsecs". Expected a time above 0, such as "30 seconds", or Infinity.'
        )
        assert.notMatch(ended.output, /^\s+at /m)
      }),
    240_000
  )
})

it("npm start is understood by cmd, which has no exec and looks for programs beside package.json first", () => {
  const textOf = (file: string) => readFileSync(join(root, file), "utf8")
  const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: { readonly start: string } }
  assert.match(scripts.start, /^exec node [^'"$`;|&<>]+$/)
  assert.deepStrictEqual(
    textOf("exec.cmd")
      .split("\n")
      .filter((line) => !line.startsWith("@rem ")),
    ["@%*", ""]
  )
})
