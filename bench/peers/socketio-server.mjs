// What one writes with Socket.IO: an acknowledgement for each action, a room for the shared counter. No transport but WebSocket.
import { createServer } from "node:http"
import { Server } from "socket.io"
import * as server from "../server.ts"

const http = createServer()
const io = new Server(http, { transports: ["websocket"], serveClient: false })
const counters = new Map()

io.on("connection", (socket) => {
  let state = { count: 0 }
  let name = null
  socket.on("mount", ({ key, room }, acknowledge) => {
    name = key ?? room ?? null
    if (name !== null) {
      socket.join(name)
      if (!counters.has(name)) counters.set(name, state)
      state = counters.get(name)
    }
    acknowledge({ state })
  })
  socket.on("increment", ({ by }, acknowledge) => {
    state.count += by
    if (name === null) return acknowledge({ state })
    acknowledge({})
    io.to(name).emit("state", state)
  })
  socket.on("say", (said, acknowledge) => {
    io.to(name).emit("said", said)
    acknowledge({})
  })
})
http.listen(0, "127.0.0.1", 4096, () => server.answer(http.address().port))
