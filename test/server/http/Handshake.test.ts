/** A handshake without sub-protocols is made past `ws`: nobody can tell the difference. */
import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocketServer } from "ws"
import { defaults } from "../../../src/server/LiveConfig.ts"
import * as Handshake from "../../../src/server/http/Handshake.ts"
import { ConnectionLimits, type Slot } from "../../../src/server/transport/ConnectionLimits.ts"
import type { ConnectionSocket } from "../../../src/server/transport/ConnectionSocket.ts"
import { PerMessageDeflate } from "../../../src/server/transport/PerMessageDeflate.ts"

const maxPayload = 70_000

const key = "dGhlIHNhbXBsZSBub25jZQ=="

/** A TCP socket, and what is written to it. */
const socket = () => {
  const written: Array<string> = []
  const tcp = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString("latin1"))
      done()
    }
  })
  return { written, tcp: Object.assign(tcp, { setTimeout: () => {}, setNoDelay: () => {} }) as unknown as Socket }
}

const requestOf = (tcp: Socket, headers: Readonly<Record<string, string>> = {}) =>
  ({
    method: "GET",
    url: "/",
    socket: tcp,
    headers: { upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key, ...headers }
  }) as unknown as IncomingMessage

const slot = (): Slot => new ConnectionLimits(defaults).enter(() => "1.2.3.4") as Slot

/** What is the same for all sockets, or of one TCP socket. */
const shape = (ws: ConnectionSocket) =>
  Object.fromEntries(
    Object.entries(ws).map(([name, value]) => [name, name === "_socket" ? "tcp" : name === "slot" ? "slot" : value])
  )

describe("a handshake", () => {
  it("a handshake without sub-protocols is answered as ws answers it, and makes the same socket", () => {
    const opened: Array<ConnectionSocket> = []
    const handshake = Handshake.make({ compression: undefined, maxPayload }, (ws) => void opened.push(ws))
    const [ours, theirs, plain] = [socket(), socket(), socket()]
    assert.isTrue(handshake(requestOf(ours.tcp), ours.tcp, undefined, slot()))
    // An unknown sub-protocol is not answered, but has ws make the handshake.
    assert.isTrue(
      handshake(requestOf(theirs.tcp, { "sec-websocket-protocol": "other" }), theirs.tcp, undefined, slot())
    )
    new WebSocketServer({ noServer: true }).handleUpgrade(requestOf(plain.tcp), plain.tcp, Buffer.alloc(0), () => {})
    assert.deepStrictEqual(ours.written, theirs.written)
    assert.deepStrictEqual(ours.written, plain.written)
    assert.include(ours.written.join(""), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
    const [a, b] = opened
    assert.deepStrictEqual(a && shape(a), b && shape(b))
    assert.deepStrictEqual([a?.readyState, a?.protocol, a?.options?.maxPayload], [1, "", maxPayload])
  })

  it("the extension that was accepted is answered in either way", () => {
    const compression = new PerMessageDeflate(defaults)
    const handshake = Handshake.make({ compression, maxPayload }, () => {})
    const offer = { "sec-websocket-extensions": "permessage-deflate" }
    const answers = [offer, { ...offer, "sec-websocket-protocol": "other" }].map((headers) => {
      const { tcp, written } = socket()
      handshake(requestOf(tcp, headers), tcp, undefined, slot())
      return written.join("").split("\r\n").sort()
    })
    assert.deepStrictEqual(answers[0], answers[1])
    assert.isTrue(answers[0]?.some((line) => line.startsWith("Sec-WebSocket-Extensions: permessage-deflate")))
  })

  it.live("a socket that has ended is not opened", () =>
    Effect.promise(async () => {
      let opened = 0
      const handshake = Handshake.make({ compression: undefined, maxPayload }, () => void opened++)
      const { tcp, written } = socket()
      tcp.destroy()
      await once(tcp, "close")
      assert.isFalse(handshake(requestOf(tcp), tcp, undefined, slot()))
      assert.deepStrictEqual([opened, written], [0, []])
    })
  )
})
