/** A server ends in time, whoever is connected and says nothing. */
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { connect } from "node:net"
import { WebSocket } from "ws"
import * as ServerProcess from "../support/ServerProcess.ts"

const file = new URL("../support/CounterFixtureServer.ts", import.meta.url)

/** Asks for something: whoever connected before, and whatever they said, has been taken notice of when that is answered. */
const answered = (port: number) =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } }).then((response) => response.text())
  )

for (const who of [
  "websocket that does not read",
  "connection that never says anything",
  "connection with half a request"
]) {
  it.live(
    `a server that is asked to end does so in time in spite of a ${who}`,
    () =>
      Effect.gen(function* () {
        const server = yield* ServerProcess.start({ file })
        yield* Effect.callback<void>((resume) => {
          const ws = new WebSocket(`ws://127.0.0.1:${server.port}/api/live/rpc`)
          ws.on("error", () => {})
          ws.on("open", () => {
            ws.close()
            resume(Effect.void)
          })
        })
        yield* Effect.callback<void>((resume) => {
          if (who.startsWith("websocket")) {
            const ws = new WebSocket(`ws://127.0.0.1:${server.port}/api/live/rpc`)
            ws.on("error", () => {})
            ws.on("open", () =>
              ws.send(JSON.stringify({ _tag: "Request", id: "events", tag: "Connect", payload: {}, headers: [] }))
            )
            ws.once("message", () => {
              ws.pause()
              resume(Effect.void)
            })
          } else {
            const socket = connect(server.port, "127.0.0.1", () => {
              if (who.endsWith("request")) socket.write("GET / HTTP/1.1\r\nHost: x\r\n")
              resume(answered(server.port))
            })
            socket.on("error", () => {})
          }
        })
        // Long before Node would give up a request that does not come, and the server a client that is not heard.
        const ended = yield* Effect.timeoutOption(server.end("SIGTERM"), "25 seconds")
        assert.isTrue(Option.isSome(ended))
      }),
    60_000
  )
}
