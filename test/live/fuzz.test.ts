/** Whatever one client sends, the server does not fall, the others are served as before, and nothing is kept of it. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Schema } from "effect"
import { JsonProtocol } from "fibra"
import { WebSocket } from "ws"
import { Port, served } from "./Desk.ts"
import { Fuzz } from "./Fuzz.ts"
import { collectGarbage } from "./heap.ts"
import { connect } from "./JsonSocket.ts"

const seed = Number(process.env["FIBRA_SEED"] ?? Math.floor(Math.random() * 2 ** 32))
const frames = 100_000
const slice = 250

const isServerMessage = Schema.is(Schema.Union(Object.values(JsonProtocol.serverMessages)))

/** A socket that sends whatever it is given, and looks at what comes back without keeping it. */
const attacker = Effect.fnUntraced(function* (port: number) {
  const mounted = yield* Deferred.make<string>()
  const attack = { received: 0, limited: 0, wrong: [] as Array<string>, closed: undefined as number | undefined }
  let onPong = () => {}
  const ws = yield* Effect.acquireRelease(
    Effect.callback<WebSocket>((resume) => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/api/live/ws`)
      ws.on("open", () => resume(Effect.succeed(ws)))
      ws.on("close", (code) => void (attack.closed = code))
      ws.on("pong", () => onPong())
      ws.on("message", (data: Buffer) => {
        for (const message of [JSON.parse(data.toString()) as unknown].flat()) {
          attack.received++
          if ((message as { code?: unknown }).code === "RATE_LIMITED") attack.limited++
          if (attack.received % 50 === 0 && !isServerMessage(message)) attack.wrong.push(JSON.stringify(message))
          const { requestId, result } = message as { requestId?: unknown; result?: { componentId: string } }
          if (requestId === "first" && result) Deferred.doneUnsafe(mounted, Exit.succeed(result.componentId))
        }
      })
    }),
    (ws) => Effect.sync(() => ws.terminate())
  )
  ws.send(JSON.stringify({ type: "COMPONENT_MOUNT", payload: { component: "Desk" }, requestId: "first" }))
  const componentId = yield* Deferred.await(mounted)
  /** Everything that was sent has been read. */
  const read = Effect.callback<void>((resume) => {
    onPong = () => resume(Effect.void)
    ws.ping()
  })
  return { attack, componentId, read, send: (frame: string | Buffer) => ws.send(frame) }
})

it.live(
  `${frames} frames of seed ${seed} harm nobody`,
  () =>
    Effect.gen(function* () {
      const port = yield* Port
      const victim = yield* connect(port)
      const desk = yield* victim.mount({ component: "Desk" })
      const { attack, componentId, read, send } = yield* attacker(port)
      const fuzz = new Fuzz(seed, componentId)
      const times: Array<number> = []
      let heap = 0
      for (let sent = 0; sent < frames; sent += slice) {
        for (let index = 0; index < slice; index++) send(fuzz.next())
        const start = performance.now()
        const reply = yield* victim.request({ type: "CALL_ACTION", componentId: desk, action: "WhoCalls" })
        times.push(performance.now() - start)
        assert.deepInclude(reply, { success: true, result: null })
        yield* read
        if (sent === frames / 2) heap = collectGarbage()
      }
      const grown = collectGarbage() - heap
      assert.deepStrictEqual(attack.wrong, [])
      assert.isUndefined(attack.closed)
      assert.isAbove(attack.received, frames / 10)
      // The victim waits for what was sent before, and for no more.
      const sorted = times.toSorted((a, b) => a - b)
      assert.isBelow(sorted[Math.floor(sorted.length * 0.99)] ?? Infinity, 250)
      // What one frame could leave behind, were it to leave anything.
      assert.isBelow(grown / (frames / 2), 20)
    }).pipe(Effect.scoped, Effect.provide(served({ rate: Infinity, rateBurst: Infinity, maxComponents: 16 }))),
  { timeout: 120_000 }
)

it.live("whoever sends too much is told, and then cut off", () =>
  Effect.gen(function* () {
    const port = yield* Port
    const { attack, componentId, send } = yield* attacker(port)
    const fuzz = new Fuzz(seed, componentId)
    yield* Effect.repeat(
      Effect.sync(() => Array.from({ length: slice }, () => send(fuzz.next()))).pipe(Effect.andThen(Effect.yieldNow)),
      { until: () => attack.closed !== undefined }
    )
    assert.strictEqual(attack.closed, 1008)
    assert.isAbove(attack.limited, 100)
    // Another one is served.
    const socket = yield* connect(port)
    assert.isString(yield* socket.mount({ component: "Desk" }))
  }).pipe(Effect.scoped, Effect.provide(served()))
)

console.log(`test/live/fuzz.test.ts: seed ${seed}; FIBRA_SEED=${seed} repeats it`)
