/** What one client, or one address, leaves behind is at nobody else's expense: real sockets from two addresses of the machine. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
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
    const waiting: Array<(message: Message) => void> = []
    const seen: Array<Message> = []
    ws.on("error", () => {})
    ws.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message
      seen.push(message)
      for (const look of waiting) look(message)
    })
    const next = (type: string) =>
      Effect.callback<Message>((resume) => {
        const look = (message: Message) => {
          if (message.type === type) resume(Effect.succeed(message))
        }
        seen.forEach(look)
        waiting.push(look)
      })
    const established = yield* next("CONNECTION_ESTABLISHED")
    return {
      established,
      mount: Effect.andThen(
        Effect.sync(() =>
          ws.send(
            JSON.stringify({
              type: "COMPONENT_MOUNT",
              requestId: 1,
              payload: { component: "Lab", props: { start: 1 } }
            })
          )
        ),
        next("COMPONENT_MOUNTED")
      ),
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
    yield* client.mount
    yield* client.leave
    return client.established.sessionToken
  }).pipe(Effect.scoped)

const config = LiveConfig.layer({ maxParked: 4 })

layer(served.pipe(Layer.provide([config, Logger.layer([])])), { excludeTestServices: true })("one address", (it) => {
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
