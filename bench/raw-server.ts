/**
 * The baseline: what one writes on plain `ws` in an afternoon. JSON in, JSON out, one `send` per message, a broadcast serialised
 * once; an object of state per connection and a shared one. No validation, no order, no supervision, no limits.
 */
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import * as server from "./server.ts"

type Request =
  | { readonly type: "mount"; readonly id: number; readonly component: "Counter" | "Board"; readonly start: number }
  | { readonly type: "increment"; readonly id: number; readonly by: number }
  | { readonly type: "write"; readonly id: number; readonly text: string }

const board = { revision: 0, text: "", readers: new Set<WebSocket>() }

const wss = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, clientTracking: false })

wss.on("connection", (ws) => {
  const counter = { revision: 0, count: 0 }

  ws.on("message", (data: Buffer) => {
    const request = JSON.parse(data.toString()) as Request
    switch (request.type) {
      case "mount": {
        const { component, id, start } = request
        if (component === "Counter") counter.count = start
        else board.readers.add(ws)
        const revision = component === "Counter" ? counter.revision : board.revision
        const state = component === "Counter" ? { count: counter.count } : { text: board.text }
        ws.send(JSON.stringify({ type: "mounted", id, revision, state }))
        return
      }
      case "increment": {
        counter.count += request.by
        counter.revision++
        ws.send(JSON.stringify({ type: "reply", id: request.id, value: counter.count }))
        ws.send(JSON.stringify({ type: "state", revision: counter.revision, state: { count: counter.count } }))
        return
      }
      case "write": {
        board.text = request.text
        board.revision++
        const state = JSON.stringify({ type: "state", revision: board.revision, state: { text: board.text } })
        for (const reader of board.readers) reader.send(state)
        ws.send(JSON.stringify({ type: "reply", id: request.id, value: null }))
      }
    }
  })

  ws.on("close", () => board.readers.delete(ws))
  ws.on("error", () => {})
})

wss.on("listening", () => server.answer((wss.address() as AddressInfo).port))
