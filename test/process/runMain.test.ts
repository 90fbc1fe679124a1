/** How the process of a server ends: in order and with 0, or in time and with a line that says what has not ended. */
import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { patience } from "../support/patience.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { root, run } from "../support/workspace.ts"

const file = new URL("../support/HangingLayerServer.ts", import.meta.url)

const drained = { HANGS: "", DRAIN_MILLIS: "1000" }
/** Longer than a test may take. */
const patient = { HANGS: "", DRAIN_MILLIS: "600000" }

describe("a process that is asked to end", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(
      `a process that gets ${signal} ends with exit code 0, also when it gets it twice at once`,
      () =>
        Effect.gen(function* () {
          const server = yield* ServerProcess.start({ file, env: { DRAIN_MILLIS: "60000" } })
          yield* server.signal(signal)
          const ended = yield* server.end(signal)
          assert.deepStrictEqual(ended, { code: 0, signal: null })
          assert.notInclude(server.output(), "ERROR")
        }).pipe(Effect.scoped),
      120_000
    )
  }

  it.live(
    "a process whose finalizer hangs ends after drainTimeout with exit code 1, and says that it was not the live server",
    () =>
      Effect.gen(function* () {
        const server = yield* ServerProcess.start({ file, env: drained })
        const [took, { code }] = yield* Effect.timed(server.end("SIGTERM"))
        assert.strictEqual(code, 1)
        assert.isAtLeast(Duration.toMillis(took), 1000)
        // The margin, and what a machine takes to end a process.
        assert.isAtMost(Duration.toMillis(took), 1250 + 2000 * patience)
        assert.match(
          server.output(),
          /The process was ended 1s after .*The live server had; the finalizer of another Layer/
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "a process that gets a second signal later ends at once, as by that signal",
    () =>
      Effect.gen(function* () {
        const server = yield* ServerProcess.start({ file, env: patient })
        yield* server.signal("SIGINT")
        const again = Effect.forever(Effect.delay(server.signal("SIGTERM"), "200 millis"))
        const { code } = yield* Effect.raceFirst(server.end("SIGTERM"), again)
        assert.strictEqual(code, 143)
      }).pipe(Effect.scoped),
    120_000
  )
})

it.live(
  "a process whose port is taken ends with exit code 1, and says in one line what to do",
  () =>
    Effect.gen(function* () {
      const port = yield* Effect.acquireRelease(
        Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
          const server = createServer().listen(0, () => {
            const { port } = server.address() as { readonly port: number }
            resume(Effect.succeed({ port, close: () => server.close() }))
          })
        }),
        ({ close }) => Effect.sync(close)
      ).pipe(Effect.map(({ port }) => String(port)))
      const args = ["--import", "tsx", "examples/counter/main.ts"]
      const { code, output } = yield* run(root, "node", args, { PORT: port, FIBRA_SECRET: "x".repeat(32) })
      assert.strictEqual(code, 1)
      assert.match(
        output,
        new RegExp(`^.* ERROR .*cannot listen on port ${port}: another process listens there.*PORT=3001.*\\n$`)
      )
    }).pipe(Effect.scoped),
  120_000
)
