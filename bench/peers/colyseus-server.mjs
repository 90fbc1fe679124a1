// What one writes with Colyseus: a Room with a state, whose patch is sent after every action, as all others send theirs.
import { Room, Server } from "@colyseus/core"
import { schema, t } from "@colyseus/schema"
import { WebSocketTransport } from "@colyseus/ws-transport"
import { createServer } from "node:http"
import * as server from "../server.ts"

const State = schema({ count: t.uint32() })

class Counter extends Room {
  maxClients = 100_000
  patchRate = null
  messages = {
    increment: () => {
      this.state.count++
      this.broadcastPatch()
      return null
    },
    say: (_client, said) => void this.broadcast("said", said)
  }

  onCreate() {
    const state = new State()
    state.count = 0
    this.state = state
  }
}

// Seats are taken over connections that are kept, and between two rounds others have theirs.
const http = createServer({ keepAliveTimeout: 600_000 })
const app = new Server({ greet: false, gracefullyShutdown: false, transport: new WebSocketTransport({ server: http }) })
app.define("own", Counter)
app.define("shared", Counter)
await app.listen(0, "127.0.0.1", 4096)
server.answer(http.address().port)
