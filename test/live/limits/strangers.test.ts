/** What one client, or one address, leaves behind is at nobody else's expense: real sockets from two addresses of the machine. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger, Queue } from "effect"
import { LiveConfig } from "fibra/server"
import { WebSocket } from "ws"
import { Address, served } from "../../support/server.ts"

interface Message {
  readonly type: string
  readonly resumed?: boolean
  readonly sessionToken?: string
  readonly result?: { readonly componentId?: string }
}

/** A client of the open wire that connects from this address. */
const connect = (port: number, localAddress: string, sessionToken?: string) =>
  Effect.gen(function* () {
    const query = sessionToken === undefined ? "" : `?sessionToken=${encodeURIComponent(sessionToken)}`
    const ws = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(`ws://127.0.0.1:${port}/api/live/ws${query}`, { localAddress })),
      (ws) => Effect.sync(() => ws.terminate())
    )
    const messages = yield* Queue.unbounded<Message>()
    ws.on("error", () => {})
    ws.on("message", (data: Buffer) => void Queue.offerUnsafe(messages, JSON.parse(data.toString()) as Message))
    const next = (type: string): Effect.Effect<Message> =>
      Effect.flatMap(Queue.take(messages), (message) => (message.type === type ? Effect.succeed(message) : next(type)))
    const ask = (message: object, reply: string) =>
      Effect.andThen(
        Effect.sync(() => ws.send(JSON.stringify({ ...message, requestId: 1 }))),
        next(reply)
      )
    const established = yield* next("CONNECTION_ESTABLISHED")
    return {
      established,
      /** Mounts a component, and gives its id; undefined when that was refused. */
      mount: (key?: string) =>
        Effect.map(
          ask(
            {
              type: "COMPONENT_MOUNT",
              payload: { component: "Lab", props: { start: 1 }, ...(key === undefined ? {} : { key }) }
            },
            "COMPONENT_MOUNTED"
          ),
          ({ result }) => result?.componentId
        ),
      unmount: (componentId: string | undefined) =>
        ask({ type: "COMPONENT_UNMOUNT", componentId }, "COMPONENT_UNMOUNTED"),
      leave: Effect.callback<void>((resume) => {
        ws.on("close", () => resume(Effect.void))
        ws.close()
      })
    }
  })

/** A client that has mounted something and is gone; gives what it could come back with. */
const leave = (port: number, address: string) =>
  Effect.gen(function* () {
    const client = yield* connect(port, address)
    yield* client.mount()
    yield* client.leave
    return client.established.sessionToken
  }).pipe(Effect.scoped)

const config = LiveConfig.layer({ maxParked: 4, maxKeyed: 20 })

layer(served.pipe(Layer.provide([config, Logger.layer([])])), { excludeTestServices: true })("one client", (it) => {
  it.effect("a client that mounts many shared components and holds none takes no room", () =>
    Effect.gen(function* () {
      const { port } = yield* Address
      const client = yield* connect(port, "127.0.0.2")
      for (let turn = 0; turn < 60; turn++) yield* client.unmount(yield* client.mount(`left ${turn}`))
      const stranger = yield* connect(port, "127.0.0.1")
      assert.isDefined(yield* stranger.mount("new"))
    }).pipe(Effect.scoped)
  )

  it.effect("a client that holds as many shared components as it can leaves room for others, also of its address", () =>
    Effect.gen(function* () {
      const { port } = yield* Address
      const client = yield* connect(port, "127.0.0.2")
      const ids = yield* Effect.forEach(Array.from({ length: 30 }), (_, index) => client.mount(`held ${index}`))
      assert.isAtMost(ids.filter((id) => id !== undefined).length, 14)
      for (const address of ["127.0.0.2", "127.0.0.1"]) {
        const stranger = yield* connect(port, address)
        assert.isDefined(yield* stranger.mount(`of ${address}`))
        // What is held by others is theirs, too.
        assert.isDefined(yield* stranger.mount("held 0"))
      }
    }).pipe(Effect.scoped)
  )

  it.effect("an address that leaves too many sessions ends its own, and not those of strangers", () =>
    Effect.gen(function* () {
      const { port } = yield* Address
      const stranger = yield* leave(port, "127.0.0.1")
      const own: Array<string | undefined> = []
      for (let left = 0; left < 20; left++) own.push(yield* leave(port, "127.0.0.2"))
      const [first, last] = [own[0], own.at(-1)]
      assert.isTrue((yield* connect(port, "127.0.0.1", stranger)).established.resumed)
      assert.isFalse((yield* connect(port, "127.0.0.2", first)).established.resumed)
      assert.isTrue((yield* connect(port, "127.0.0.2", last)).established.resumed)
    }).pipe(Effect.scoped)
  )
})
