/** A client that writes a TCP socket byte by byte, and sees how far the server has read. */
import { createServer } from "node:http"
import { connect as connectTcp, type Socket } from "node:net"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Logger, Queue, type Scope } from "effect"
import { HttpRouter } from "effect/http"
import { TestClock } from "effect/testing"
import { LiveServer } from "fibra/server"
import { behaviors, components } from "./Lab.ts"

/** Where the server listens, and its side of each connection. */
export class Server extends Context.Service<
  Server,
  { readonly port: number; readonly accepted: Queue.Queue<Socket> }
>()("test/Server") {}

/** The components of the lab, for such clients. */
export const served = Layer.unwrap(
  Effect.gen(function* () {
    const accepted = yield* Queue.unbounded<Socket>()
    const server = createServer()
    server.on("connection", (socket) => Queue.offerUnsafe(accepted, socket))
    const listening = Layer.sync(Server, () => ({
      port: (server.address() as { readonly port: number }).port,
      accepted
    }))
    return LiveServer.layer({ components }).pipe(
      (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
      Layer.merge(listening),
      Layer.provide(NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" })),
      Layer.provide([behaviors, Logger.layer([])])
    )
  })
)

/** The endpoint of a wire. */
export type Wire = "rpc" | "ws"

/** A client that writes bytes. */
export interface Client {
  /** Writes this, and waits until the server has read it, or reads no more. */
  readonly write: (bytes: Buffer) => Effect.Effect<void>
  /** The texts that have come. */
  readonly texts: () => ReadonlyArray<string>
  /** The code it was closed with; undefined while it is open. */
  readonly code: () => number | undefined
  /** Waits for the close. */
  readonly closed: Effect.Effect<number>
  /** Waits until this holds, or the connection is gone. */
  readonly until: (holds: () => boolean) => Effect.Effect<void>
  /** Whether the server reads on. */
  readonly isRead: () => boolean
  /** Waits until the server's side of it is gone, which the client does nothing for. */
  readonly gone: Effect.Effect<void>
  /** Waits for so many pings of the server. */
  readonly pinged: (count: number) => Effect.Effect<void>
}

/** Connects to a wire. */
export const connect = (wire: Wire): Effect.Effect<Client, never, Server | Scope.Scope> =>
  Effect.gen(function* () {
    const { accepted, port } = yield* Server
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => connectTcp({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true })),
      (socket) => Effect.sync(() => socket.destroy())
    )
    socket.on("error", () => {})
    let received = Buffer.alloc(0)
    const looks = new Set<() => void>()
    const look = () => looks.forEach((look) => look())
    socket.on("data", (data) => {
      received = Buffer.concat([received, data])
      look()
    })
    socket.on("close", look)
    const until = (holds: () => boolean) =>
      Effect.callback<void>((resume) => {
        const look = () => {
          if (!holds() && !socket.destroyed) return
          looks.delete(look)
          resume(Effect.void)
        }
        looks.add(look)
        look()
      })
    socket.write(
      `GET /api/live/${wire} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    const peer = yield* Queue.take(accepted)
    yield* until(() => received.includes("\r\n\r\n"))
    received = received.subarray(received.indexOf("\r\n\r\n") + 4)
    /** The frames that came, as opcode and payload; those of a server have no mask. */
    const frames = (): ReadonlyArray<readonly [opcode: number, payload: Buffer]> => {
      const found: Array<readonly [number, Buffer]> = []
      for (let offset = 0; offset + 2 <= received.length;) {
        const [first = 0, short = 0] = received.subarray(offset, offset + 2)
        const extended = short === 126 ? 2 : short === 127 ? 8 : 0
        const length =
          extended === 0 ? short : received.readUIntBE(offset + 2 + (extended === 8 ? 2 : 0), extended === 8 ? 6 : 2)
        const begin = offset + 2 + extended
        found.push([first & 0xf, received.subarray(begin, begin + length)])
        offset = begin + length
      }
      return found
    }
    const code = () =>
      frames()
        .find(([opcode]) => opcode === 8)?.[1]
        .readUInt16BE(0)
    let written = peer.bytesRead
    const pings = () => frames().filter(([opcode]) => opcode === 9).length
    const client: Client = {
      write: (bytes) =>
        Effect.gen(function* () {
          written += bytes.length
          socket.write(bytes)
          const turn = TestClock.withLive(Effect.sleep(0))
          yield* Effect.repeat(turn, {
            until: () => peer.bytesRead >= written || peer.destroyed || code() !== undefined
          })
          // What was answered in that turn is on its way.
          yield* turn
        }),
      texts: () => frames().flatMap(([opcode, payload]) => (opcode === 1 ? [payload.toString()] : [])),
      code,
      closed: Effect.map(
        until(() => code() !== undefined),
        () => code() ?? 0
      ),
      until,
      isRead: () => !peer.isPaused() && !peer.destroyed,
      gone: Effect.callback<void>((resume) => {
        if (peer.destroyed) resume(Effect.void)
        else peer.once("close", () => resume(Effect.void))
      }),
      pinged: (count) => until(() => pings() >= count)
    }
    // The open wire begins with a message of the server.
    if (wire === "ws") yield* until(() => client.texts().length > 0)
    return client
  })

/** A frame of a client, with a mask that changes nothing. */
export const frame = (first: number, payload: string | Buffer): Buffer => {
  const data = typeof payload === "string" ? Buffer.from(payload) : payload
  const head = data.length < 126 ? [data.length] : [126, data.length >> 8, data.length & 255]
  return Buffer.concat([Buffer.from([first, 0x80 | (head[0] ?? 0), ...head.slice(1), 0, 0, 0, 0]), data])
}
