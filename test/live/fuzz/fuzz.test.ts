/** Whatever one client sends, the server does not fall, the others are served as before, and nothing is kept of it. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Schema } from "effect"
import { JsonProtocol } from "fibra"
import { WebSocket } from "ws"
import { Port, served } from "../../support/AuthorizationFixture.ts"
import { Fuzz } from "../../support/Fuzz.ts"
import { collectGarbage } from "../../support/heap.ts"
import { connect } from "../../support/JsonSocket.ts"

const seed = Number(process.env["FIBRA_SEED"] ?? Math.floor(Math.random() * 2 ** 32))
const frames = 100_000
const slice = 250

const isServerMessage = Schema.is(Schema.Union(Object.values(JsonProtocol.serverMessages)))

/** The number that this part of them is below. */
const quantile = (numbers: ReadonlyArray<number>, part: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * part)] ?? Infinity

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
  ws.send(
    JSON.stringify({ type: "COMPONENT_MOUNT", payload: { component: "AuthorizationFixture" }, requestId: "first" })
  )
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
      const desk = yield* victim.mount({ component: "AuthorizationFixture" })
      const { attack, componentId, read, send } = yield* attacker(port)
      const fuzz = new Fuzz(seed, componentId)
      /** Sends a slice of these, and gives the milliseconds that the victim waits behind it. */
      const waitBehind = Effect.fnUntraced(function* (next: () => string | Buffer) {
        for (let index = 0; index < slice; index++) send(next())
        const start = performance.now()
        const reply = yield* victim.request({ type: "CALL_ACTION", componentId: desk, action: "WhoCalls" })
        const time = performance.now() - start
        assert.deepInclude(reply, { success: true, result: null })
        yield* read
        return time
      })
      const ping = JSON.stringify({ type: "COMPONENT_PING", componentId, requestId: "ping" })
      const behind = { fuzz: [] as Array<number>, pings: [] as Array<number> }
      const heap: Array<number> = []
      for (let sent = 0; sent < frames; sent += slice) {
        if (sent % (frames / 4) === 0) heap.push(collectGarbage())
        behind.fuzz.push(yield* waitBehind(() => fuzz.next()))
        // What as many frames cost that nobody would mind, on this machine and at this time.
        if (sent % (slice * 10) === 0) behind.pings.push(yield* waitBehind(() => ping))
      }
      heap.push(collectGarbage())
      assert.deepStrictEqual(attack.wrong, [])
      assert.isUndefined(attack.closed)
      assert.isAbove(attack.received - behind.pings.length * slice, frames / 10)
      // The victim waits for what was sent before, and for no more.
      assert.isBelow(quantile(behind.fuzz, 0.95), 20 * quantile(behind.pings, 0.5))
      // What one frame could leave behind, were it to leave anything. The first quarter fills what is filled once.
      const grown = heap.slice(2).map((bytes, index) => (bytes - (heap[index + 1] ?? 0)) / (frames / 4))
      assert.lengthOf(grown, 3)
      assert.isBelow(quantile(grown, 0.5), 20)
    }).pipe(Effect.scoped, Effect.provide(served({ rate: Infinity, rateBurst: Infinity, maxComponents: 16 }))),
  { timeout: 120_000 }
)

it.live("a client that sends too much is told so, and then disconnected", () =>
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
    assert.isString(yield* socket.mount({ component: "AuthorizationFixture" }))
  }).pipe(Effect.scoped, Effect.provide(served()))
)

console.log(`test/live/fuzz/fuzz.test.ts: seed ${seed}; FIBRA_SEED=${seed} repeats it`)
