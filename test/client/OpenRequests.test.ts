/** The requests of a client that have no answer yet. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Schema } from "effect"
import type { RpcMessage } from "effect/rpc"
import { connectionLost } from "../../src/client/ConnectionLost.ts"
import { OpenRequests } from "../../src/client/OpenRequests.ts"

class Wire {
  readonly sent: Array<RpcMessage.FromClientEncoded> = []
  isOpen = true
  readonly open = new OpenRequests((message) => {
    if (this.isOpen) this.sent.push(message)
    return this.isOpen
  })
  readonly ask = this.open.kind({ tag: "Add", success: Schema.Int, error: Schema.String })

  answer(requestId: number, exit: unknown): void {
    this.open.received({ _tag: "Exit", requestId, exit } as RpcMessage.FromServerEncoded)
  }
}

const asking = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })

describe("a request", () => {
  it.effect("a request gets its own answer, whatever the order of the answers", () =>
    Effect.gen(function* () {
      const wire = new Wire()
      const first = yield* asking(wire.ask({ by: 1 }))
      const second = yield* asking(wire.ask({ by: 2 }))
      assert.deepInclude(wire.sent[1], { _tag: "Request", id: 2, tag: "Add", payload: { by: 2 } })
      wire.answer(2, { _tag: "Success", value: 2 })
      wire.answer(2, { _tag: "Success", value: 3 })
      wire.answer(1, { _tag: "Failure", cause: [{ _tag: "Fail", error: "full" }] })
      assert.deepStrictEqual(yield* Fiber.join(first), Exit.fail("full"))
      assert.deepStrictEqual(yield* Fiber.join(second), Exit.succeed(2))
    })
  )

  for (const exit of [undefined, null, {}, { _tag: "Failure" }, { _tag: "Failure", cause: [null] }]) {
    it.effect(`a request that is answered with ${JSON.stringify(exit)} dies, and no other does`, () =>
      Effect.gen(function* () {
        const wire = new Wire()
        const broken = yield* asking(wire.ask(null))
        const other = yield* asking(wire.ask(null))
        wire.answer(1, exit)
        const died = yield* Fiber.join(broken)
        assert.isTrue(Exit.isFailure(died) && Cause.hasDies(died.cause))
        assert.isUndefined(other.pollUnsafe())
        yield* Fiber.interrupt(other)
      })
    )
  }

  it.effect("a request whose answer does not fit dies of what is wrong with it", () =>
    Effect.gen(function* () {
      const wire = new Wire()
      const request = yield* asking(wire.ask(null))
      wire.answer(1, { _tag: "Success", value: "seven" })
      const exit = yield* Fiber.join(request)
      assert.isTrue(Exit.isFailure(exit) && Schema.isSchemaError(Cause.squash(exit.cause)))
    })
  )

  it.effect("a request that nobody waits for any more is interrupted on the server, once", () =>
    Effect.gen(function* () {
      const wire = new Wire()
      const request = yield* asking(wire.ask(null))
      yield* Fiber.interrupt(request)
      wire.answer(1, { _tag: "Success", value: 1 })
      wire.open.close()
      assert.deepStrictEqual(wire.sent.slice(1), [{ _tag: "Interrupt", requestId: 1 }])
    })
  )

  it.effect("a request fails when the connection is lost, and while there is none", () =>
    Effect.gen(function* () {
      const wire = new Wire()
      const request = yield* asking(wire.ask(null))
      wire.isOpen = false
      wire.open.received({ _tag: "ClientProtocolError", error: connectionLost() })
      for (const exit of [yield* Fiber.join(request), yield* Effect.exit(wire.ask(null))]) {
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.propertyVal(error, "_tag", "RpcClientError")
      }
    })
  )

  it.effect("a request that is open when the client is closed is interrupted, here and on the server", () =>
    Effect.gen(function* () {
      const wire = new Wire()
      const request = yield* asking(wire.ask(null))
      wire.open.close()
      const after = yield* Effect.exit(wire.ask(null))
      for (const exit of [yield* Fiber.join(request), after]) assert.isTrue(Exit.hasInterrupts(exit))
      assert.deepStrictEqual(wire.sent.slice(1), [{ _tag: "Interrupt", requestId: 1 }])
    })
  )
})
