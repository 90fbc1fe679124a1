/**
 * The baseline: what one writes on plain `ws` in an afternoon. JSON in, JSON out, one `send` per message, a broadcast serialised
 * once; an object of state per connection and a shared one. No validation, no order, no supervision, no limits.
 */
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import * as server from "./server.ts"

type Request =
  | {
      readonly type: "mount"
      readonly id: number
      readonly component: "Counter" | "Board" | "Talk"
      readonly start: number
      readonly key?: string
      readonly room?: string
    }
  | { readonly type: "increment"; readonly id: number; readonly by: number }
  | { readonly type: "write"; readonly id: number; readonly text: string }
  | { readonly type: "say"; readonly id: number; readonly said: { readonly id: number; readonly text: string } }

interface Counter {
  revision: number
  count: number
  readonly readers: Set<WebSocket>
}

const board = { revision: 0, text: "", readers: new Set<WebSocket>() }
const counters = new Map<string, Counter>()
const rooms = new Map<string, { index: number; readonly members: Set<WebSocket> }>()

const wss = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, clientTracking: false })

wss.on("connection", (ws) => {
  let counter: Counter = { revision: 0, count: 0, readers: new Set() }
  let room = ""

  let received = 0

  ws.on("message", (data: Buffer, isBinary: boolean) => {
    // A sink: it says how much has come, and throws it away.
    if (isBinary) {
      received += data.length
      return ws.send(`{"received":${received}}`)
    }
    const request = JSON.parse(data.toString()) as Request
    switch (request.type) {
      case "mount": {
        const { component, id, key, start } = request
        if (component === "Counter") {
          counter.count = start
          if (key !== undefined) {
            const shared = counters.get(key)
            if (shared === undefined) counters.set(key, counter)
            else counter = shared
          }
          counter.readers.add(ws)
        } else if (component === "Board") board.readers.add(ws)
        else {
          room = request.room ?? ""
          const members = rooms.get(room)?.members
          if (members === undefined) rooms.set(room, { index: 0, members: new Set([ws]) })
          else members.add(ws)
        }
        const revision = component === "Counter" ? counter.revision : board.revision
        const state = component === "Counter" ? { count: counter.count } : { text: board.text }
        ws.send(JSON.stringify({ type: "mounted", id, revision, state: component === "Talk" ? {} : state }))
        return
      }
      case "increment": {
        counter.count += request.by
        counter.revision++
        ws.send(JSON.stringify({ type: "reply", id: request.id, value: counter.count }))
        const { count, readers, revision } = counter
        const state = JSON.stringify({ type: "state", revision, state: { count } })
        for (const reader of readers) reader.send(state)
        return
      }
      case "write": {
        board.text = request.text
        board.revision++
        const state = JSON.stringify({ type: "state", revision: board.revision, state: { text: board.text } })
        for (const reader of board.readers) reader.send(state)
        ws.send(JSON.stringify({ type: "reply", id: request.id, value: null }))
        return
      }
      case "say": {
        const said = rooms.get(room)
        if (said === undefined) return
        said.index++
        const event = JSON.stringify({ type: "event", room, index: said.index, event: "Said", payload: request.said })
        for (const member of said.members) member.send(event)
        ws.send(JSON.stringify({ type: "reply", id: request.id, value: null }))
      }
    }
  })

  ws.on("close", () => {
    board.readers.delete(ws)
    counter.readers.delete(ws)
    rooms.get(room)?.members.delete(ws)
  })
  ws.on("error", () => {})
})

wss.on("listening", () => server.answer((wss.address() as AddressInfo).port))
