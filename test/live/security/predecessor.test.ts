/** What was found open in the implementation this one comes after: each of these fails when it opens here. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AuthorizationFixture, Port, served } from "../../support/AuthorizationFixture.ts"
import { connect, type JsonSocket } from "../../support/JsonSocket.ts"

/** Two who have mounted a desk each, the first with something on it. */
const twoDesks = Effect.gen(function* () {
  const port = yield* Port
  const [ada, eve] = [yield* connect(port), yield* connect(port)]
  const desk = yield* ada.mount({ component: "AuthorizationFixture" })
  yield* eve.mount({ component: "AuthorizationFixture" })
  yield* ada.request({ type: "CALL_ACTION", componentId: desk, action: "Note", payload: { text: "secret" } })
  return { ada, desk, eve, port }
})

/** What a desk is like for whoever has it. */
const stateOf = (socket: JsonSocket, desk: string) =>
  Effect.map(socket.request({ type: "CALL_ACTION", componentId: desk, action: "Increment" }), () =>
    socket.seen.findLast(({ componentId, type }) => type === "STATE_UPDATE" && componentId === desk)
  )

const refused = { success: false, code: "NotMounted" }
const notAllowed = { success: false, code: "NotAllowed" }

describe("somebody who knows the id of another one's component", () => {
  it.live("somebody with the id of another's component cannot call, set, ping, unmount or upload to it", () =>
    Effect.gen(function* () {
      const { ada, desk, eve } = yield* twoDesks
      const attempts = [
        { type: "CALL_ACTION", action: "Shred", expectResponse: true },
        { type: "CALL_ACTION", action: "WhoCalls" },
        { type: "PROPERTY_UPDATE", property: "title", value: "eve was here" },
        { type: "COMPONENT_PING" },
        { type: "COMPONENT_UNMOUNT" },
        { type: "FILE_UPLOAD_START", filename: "a.txt", fileType: "text/plain", fileSize: 3 }
      ]
      for (const attempt of attempts) {
        const reply = yield* eve.request({ ...attempt, componentId: desk })
        assert.deepInclude(reply, refused, JSON.stringify(attempt))
        assert.notInclude(JSON.stringify(reply), "secret")
      }
      for (const type of ["FILE_UPLOAD_CHUNK", "FILE_UPLOAD_COMPLETE", "FILE_UPLOAD_CANCEL"]) {
        const reply = yield* eve.request({ type, componentId: desk, uploadId: "u", chunkIndex: 0, data: "" })
        assert.deepInclude(reply, { type: "FILE_UPLOAD_ERROR", code: "NotMounted" })
      }
      assert.deepNestedInclude(yield* stateOf(ada, desk), {
        "payload.state": { title: "", count: 1, notes: ["secret"] }
      })
      assert.isEmpty(eve.seen.filter(({ componentId, type }) => componentId === desk && type === "STATE_UPDATE"))
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("somebody cannot learn the id of another client's component from a public page", () =>
    Effect.gen(function* () {
      const { ada, desk, port } = yield* twoDesks
      const { connectionId } = ada.seen[0] ?? {}
      const paths = ["", "/stats", "/health", "/websocket-info", "/connections", `/connections/${String(connectionId)}`]
      for (const path of [...paths, "/performance/dashboard", `/performance/components/${desk}`, "/pools/0/stats"]) {
        // As through a proxy: somebody on the machine itself may see the monitor.
        const headers = { "x-forwarded-for": "203.0.113.7" }
        const page = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/api/live${path}`, { headers }))
        const text = yield* Effect.promise(() => page.text())
        assert.notInclude(text, desk)
        assert.notInclude(text, String(connectionId))
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("the owner of a component", () => {
  it.live("a client sets the writable fields of its component, to valid values, and no others", () =>
    Effect.gen(function* () {
      const { ada, desk } = yield* twoDesks
      const set = (property: string, value: string | number) =>
        ada.request({ type: "PROPERTY_UPDATE", componentId: desk, payload: { property, value } })
      assert.deepInclude(yield* set("title", "Mine"), { type: "PROPERTY_UPDATED", success: true })
      assert.deepInclude(yield* set("title", 3), { success: false, code: "PayloadRejected" })
      // A setting that is whole in one place is that one: what stands in the other is not mixed into it, and null is nothing.
      const both = (payload: object | null, title: string) =>
        ada.request({ type: "PROPERTY_UPDATE", componentId: desk, payload, property: "title", value: title })
      for (const payload of [null, {}, { property: null, value: null }, { property: "count" }, { value: "else" }]) {
        assert.deepInclude(yield* both(payload, "Mine"), { success: true }, JSON.stringify(payload))
      }
      for (const field of ["count", "notes", "id", "constructor", "__proto__", "nothing"]) {
        assert.deepInclude(yield* set(field, 99), notAllowed, field)
      }
      assert.deepNestedInclude(yield* stateOf(ada, desk), { "payload.state.title": "Mine", "payload.state.count": 1 })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a client cannot mount a component with a state of its own", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      for (const props of [{ count: 99 }, { notes: ["mine"] }, { state: { count: 99 } }]) {
        const reply = yield* socket.request({
          type: "COMPONENT_MOUNT",
          payload: { component: "AuthorizationFixture", props }
        })
        assert.deepInclude(reply, { success: false, code: "PropsRejected" })
      }
      const reply = yield* socket.request({
        type: "COMPONENT_MOUNT",
        payload: { component: "AuthorizationFixture", props: {}, state: { count: 99 }, initialState: { count: 99 } }
      })
      assert.deepNestedInclude(reply, { "result.initialState": { title: "", count: 0, notes: [] } })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a client does not become a principal by its own word", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const desk = yield* socket.mount({ component: "AuthorizationFixture", userId: "admin" })
      const reply = yield* socket.request({ type: "CALL_ACTION", componentId: desk, action: "WhoCalls" })
      assert.deepInclude(reply, { success: true, result: null })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a component counts to five with five increments at once", () =>
    Effect.gen(function* () {
      const { ada, desk } = yield* twoDesks
      const increment = { type: "CALL_ACTION", componentId: desk, action: "Increment", expectResponse: true }
      yield* ada.sendText(JSON.stringify(Array.from({ length: 5 }, () => increment)))
      const results: Array<unknown> = []
      for (let answer = 0; answer < 5; answer++) results.push((yield* ada.next("ACTION_RESPONSE"))["result"])
      assert.deepStrictEqual(results, [1, 2, 3, 4, 5])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a behaviour cannot change a list in place", () =>
    Effect.gen(function* () {
      const { ada, desk } = yield* twoDesks
      const note = (action: string, text: string) =>
        ada.request({ type: "CALL_ACTION", componentId: desk, action, payload: { text } })
      assert.deepInclude(yield* note("NoteInPlace", "lost"), { success: false, code: "ComponentCrashed" })
      yield* note("Note", "kept")
      assert.deepNestedInclude(yield* stateOf(ada, desk), { "payload.state.notes": ["secret", "kept"] })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("somebody who is not in a room", () => {
  it.live("somebody who is not in a room hears nothing of it", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [ada, eve] = [yield* connect(port), yield* connect(port)]
      const desk = yield* ada.mount({ component: "AuthorizationFixture", room: "office" })
      const other = yield* eve.mount({ component: "AuthorizationFixture", room: "hall" })
      yield* ada.request({ type: "CALL_ACTION", componentId: desk, action: "Say", payload: { words: "secret" } })
      yield* eve.request({ type: "CALL_ACTION", componentId: other, action: "Increment" })
      assert.notInclude(JSON.stringify(eve.seen), "secret")
      assert.include(JSON.stringify(ada.seen), "secret")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

it("the writable fields that a contract declares exist in its state", () => {
  assert.deepStrictEqual(Array.from(AuthorizationFixture.codec.writable.keys()), ["title"])
})
