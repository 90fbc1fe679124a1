/** A private component whose client speaks the open wire: it acknowledges nothing, and may have missed what it was sent. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { behaviors, Lab } from "../../support/Lab.ts"
import { type MemoryConnection, MemoryWires, type Told } from "../../support/MemoryWires.ts"
import { told } from "../../support/Album.ts"

/** A new connection on which the component is mounted as the token says. */
const back = Effect.fnUntraced(function* (signedState: unknown) {
  const connection = (yield* MemoryWires).connect("json")
  connection.send({ type: "COMPONENT_REHYDRATE", payload: { componentName: "Lab", signedState } })
  const reply = yield* told(connection, ({ type }) => type === "COMPONENT_REHYDRATED")
  return { connection, reply, result: (reply["result"] ?? {}) as Told }
})

const mounted = Effect.gen(function* () {
  const connection = (yield* MemoryWires).connect("json")
  connection.send({ type: "COMPONENT_MOUNT", payload: { component: "Lab", props: { start: 0 } } })
  const { result } = yield* told(connection, ({ type }) => type === "COMPONENT_MOUNTED")
  return { connection, ...(result as { readonly componentId: string; readonly signedState: string }) }
})

const add = (connection: MemoryConnection, componentId: unknown) =>
  Effect.gen(function* () {
    connection.send({ type: "CALL_ACTION", componentId, action: "Add", payload: { by: 1 }, requestId: "add" })
    yield* told(connection, ({ requestId }) => requestId === "add")
  })

const updates = ({ told }: MemoryConnection) =>
  told.flatMap(({ componentId, payload, type }) =>
    type === "STATE_UPDATE"
      ? [{ componentId, ...(payload as { readonly state: unknown; readonly signedState?: string }) }]
      : []
  )

const subject = MemoryWires.layer([Lab]).pipe(Layer.provide(behaviors))

layer(subject)("a component that comes back over the open wire", (it) => {
  it.effect(
    "a rehydration is followed by the state and its token, 50 to 100 milliseconds later, for pages that listen late",
    () =>
      Effect.gen(function* () {
        const { flush } = yield* MemoryWires
        const { connection: first, signedState } = yield* mounted
        first.drop()
        const { connection, result } = yield* back(signedState)
        yield* TestClock.adjust("50 millis")
        flush()
        assert.deepStrictEqual(updates(connection), [])
        yield* TestClock.adjust("50 millis")
        flush()
        const { newComponentId: componentId, signedState: next, state } = result
        assert.deepStrictEqual(updates(connection), [{ componentId, state, signedState: next }] as never)
        assert.notStrictEqual(next, signedState)
        connection.drop()
      })
  )

  it.effect(
    "a page that has missed its newer tokens joins its component, as long as that runs, and nobody goes back in time",
    () =>
      Effect.gen(function* () {
        const { flush } = yield* MemoryWires
        const { componentId, connection: first, signedState: missed } = yield* mounted
        first.pong()
        yield* add(first, componentId)
        yield* TestClock.adjust("1 second")
        flush()
        // All of it has arrived, and the page was not listening.
        yield* TestClock.adjust("15 seconds")
        first.pong()
        const newer = updates(first).at(-1)?.signedState
        assert.isString(newer)
        first.drop()
        for (let time = 0; time < 2; time++) {
          const again = yield* back(missed)
          assert.deepNestedInclude(again.result, { newComponentId: componentId, "state.count": 1 })
          again.connection.drop()
        }
        // It has stopped: there is nothing to join, and the state would be an older one.
        yield* TestClock.adjust("2 minutes")
        const late = yield* back(missed)
        assert.deepInclude(late.reply, { success: false, code: "TokenRejected" })
        late.connection.drop()
        const kept = yield* back(newer)
        assert.deepNestedInclude(kept.result, { newComponentId: componentId, "state.count": 1 })
        kept.connection.drop()
      })
  )
})
