/** The open wire beside the other one, and with clients that are slow or away. What each message says is tested in test/protocol. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Stream } from "effect"
import { LiveClient } from "fibra/client"
import { AuthorizationFixture, Port, served } from "../../support/AuthorizationFixture.ts"
import { connect, type JsonSocket } from "../../support/JsonSocket.ts"
import * as RawSocket from "../../support/RawSocket.ts"

const client = Layer.unwrap(
  Effect.map(Effect.service(Port), (port) => LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` }))
)

const act = (socket: JsonSocket, componentId: string, action: string, payload: object = {}) =>
  socket.request({ type: "CALL_ACTION", componentId, action, payload })

describe("a client of the open wire and one of ours", () => {
  it.live("clients of the open wire and of fibra see the same state, and hear each other in a room", () =>
    Effect.gen(function* () {
      const live = yield* LiveClient
      const socket = yield* connect(yield* Port)
      const shared = yield* socket.mount({ component: "AuthorizationFixture", key: "shared" })
      const handle = yield* live.mount(AuthorizationFixture, { props: {}, key: "shared" })
      yield* act(socket, shared, "Note", { text: "from json" })
      yield* handle.call.Note({ text: "from rpc" })
      const update = yield* socket.next("COMPONENT_UPDATE")
      assert.deepInclude(update, {
        componentId: shared,
        state: { title: "", count: 0, notes: ["from json", "from rpc"] }
      })
      assert.deepStrictEqual((yield* handle.state).notes, ["from json", "from rpc"])

      const own = yield* live.mount(AuthorizationFixture, { props: {}, room: "hall" })
      const heard: Array<string> = []
      yield* own.events("Said").pipe(
        Stream.runForEach(({ words }) => Effect.sync(() => void heard.push(words))),
        Effect.forkScoped({ startImmediately: true })
      )
      const desk = yield* socket.mount({ component: "AuthorizationFixture", room: "hall" })
      yield* own.call.Say({ words: "over rpc" })
      yield* socket.send({ type: "CALL_ACTION", componentId: desk, action: "Say", payload: { words: "over json" } })
      const said = [yield* socket.next("BROADCAST"), yield* socket.next("BROADCAST")]
      assert.deepStrictEqual(
        said.map(({ componentId, event, payload, room }) => ({ componentId, event, payload, room })),
        ["over rpc", "over json"].map((words) => ({
          componentId: desk,
          event: "Said",
          payload: { words },
          room: "hall"
        }))
      )
      yield* Effect.repeat(Effect.yieldNow, { until: () => heard.length === 2 })
      assert.deepStrictEqual(heard, ["over rpc", "over json"])
    }).pipe(Effect.scoped, Effect.provide(client.pipe(Layer.provideMerge(served()))))
  )

  it.live("clients of the open wire and of fibra cannot resume each other's sessions", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const socket = yield* connect(port)
      yield* socket.mount({ component: "AuthorizationFixture" })
      const { sessionToken } = socket.seen[0] ?? {}
      const ours = yield* RawSocket.connect(`ws://127.0.0.1:${port}/api/live/rpc`)
      ours.send({ _tag: "Request", id: "1", tag: "Connect", payload: {}, headers: [] })
      const [established] = (yield* ours.next("Chunk")).values ?? []
      for (const token of [established?.["sessionToken"], `${String(sessionToken)}x`]) {
        const other = yield* connect(port, { sessionToken: String(token) })
        assert.deepInclude(yield* other.next("CONNECTION_ESTABLISHED"), { resumed: false, components: [] })
      }
      const back = yield* connect(port, { sessionToken: String(sessionToken), batch: "what is no option" })
      assert.deepInclude(yield* back.next("CONNECTION_ESTABLISHED"), { resumed: true })
      // Whoever had it is told.
      assert.strictEqual(yield* socket.closed, 4001)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("a client of the open wire that does not read", () => {
  it.live("a client of the open wire that does not read gets the last state, and how many events it lost", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [slow, busy] = [yield* connect(port), yield* connect(port)]
      const room = { component: "AuthorizationFixture", room: "hall" }
      const desk = yield* slow.mount(room)
      const shared = yield* slow.mount({ component: "AuthorizationFixture", key: "shared" })
      const other = yield* busy.mount(room)
      const same = yield* busy.mount({ component: "AuthorizationFixture", key: "shared" })
      slow.read(false)
      const words = "x".repeat(250_000)
      const rounds = 70
      for (let round = 0; round < rounds; round++) {
        yield* act(busy, other, "Say", { words })
        yield* act(busy, same, "Note", { text: words.slice(0, 1000) })
      }
      slow.read(true)
      yield* act(busy, other, "Say", { words: "the end" })
      yield* Effect.repeat(slow.next("BROADCAST"), {
        until: ({ payload }) => (payload as { readonly words: string }).words === "the end"
      })
      const updates = slow.seen.filter(({ componentId }) => componentId === shared)
      assert.isBelow(updates.length, rounds)
      const { notes } = (updates.at(-1) ?? {})["state"] as { readonly notes: ReadonlyArray<string> }
      assert.lengthOf(notes, rounds)
      const heard = slow.seen.filter(({ componentId, type }) => type === "BROADCAST" && componentId === desk)
      const lost = slow.seen
        .filter(({ code }) => code === "EventsDropped")
        .reduce((sum, { error }) => sum + Number.parseInt(String(error), 10), 0)
      assert.isAbove(lost, 0)
      assert.strictEqual(heard.length + lost, rounds + 1)
    }).pipe(Effect.scoped, Effect.provide(served({ rate: Infinity, rateBurst: Infinity })))
  )
})

describe("a client of the open wire that answers a ping", () => {
  it.live("a client of the open wire that answers a ping has the token before it, so the previous one is void", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const desk = yield* socket.mount({ component: "AuthorizationFixture" })
      const tokens: Array<string> = []
      const token = Effect.repeat(socket.next("STATE_UPDATE"), {
        until: ({ payload }) => {
          const { signedState } = payload as { readonly signedState?: string }
          if (signedState !== undefined) tokens.push(signedState)
          return signedState !== undefined
        }
      })
      for (const text of ["one", "two", "three"]) {
        yield* act(socket, desk, "Note", { text })
        yield* token
        // Longer than two heartbeats: one that asks, and one that is answered.
        yield* Effect.sleep("120 millis")
      }
      yield* socket.request({ type: "COMPONENT_UNMOUNT", componentId: desk })
      const rehydrate = (signedState: string | undefined) =>
        socket.request({ type: "COMPONENT_REHYDRATE", payload: { componentName: "AuthorizationFixture", signedState } })
      assert.deepInclude(yield* rehydrate(tokens[0]), { success: false, code: "TokenRejected" })
      assert.deepNestedInclude(yield* rehydrate(tokens.at(-1)), { "result.state.notes": ["one", "two", "three"] })
    }).pipe(
      Effect.scoped,
      Effect.provide(served({ heartbeat: Duration.millis(30), tokenInterval: Duration.millis(20) }))
    )
  )
})
