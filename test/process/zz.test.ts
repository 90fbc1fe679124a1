import { it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket } from "ws"
import * as ServerProcess from "./ServerProcess.ts"
const file = new URL("TallyServer.ts", import.meta.url)
for (const mode of ["none", "polite", "paused", "ignores"]) it.live("stubborn client: " + mode, () => Effect.gen(function* () {
  let server = yield* ServerProcess.start({ file })
  if (mode !== "none") yield* Effect.callback<void>((resume) => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/api/live/rpc`)
    ws.on("error", (e) => console.log("error", e.message))
    ws.on("open", () => {
      ws.send(JSON.stringify({ _tag: "Request", id: "events", tag: "Connect", payload: {}, headers: [] }))
      ws.once("message", () => {
        if (mode === "paused") ws.pause()
        if (mode === "ignores") { (ws as any)._receiver.removeAllListeners("conclude"); (ws as any)._socket.removeAllListeners("end") }
        resume(Effect.void)
      })
    })
  })
  const t = performance.now()
  const ended = yield* server.end("SIGTERM")
  console.log(mode, Math.round(performance.now() - t), ended)
}), 60000)
