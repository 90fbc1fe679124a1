/** A server without a network, and connections of both wires to it that say what a test says and keep what they are told. */
import { Context, Effect, Layer } from "effect"
import type { Component, Principal } from "fibra"
import { LiveConfig, Principals, Secrets } from "fibra/server"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { InstanceRunner } from "../../src/server/instance/InstanceRunner.ts"
import type { Session } from "../../src/server/session/Session.ts"
import { Sessions } from "../../src/server/session/Sessions.ts"
import type { Connection, ProtocolHandler } from "../../src/server/transport/Connection.ts"
import type { FrameWriter } from "../../src/server/transport/FrameWriter.ts"
import { Transport } from "../../src/server/transport/Transport.ts"
import { LiveJson } from "../../src/server/wire/json/LiveJson.ts"
import { LiveRpc } from "../../src/server/wire/rpc/LiveRpc.ts"

/** What the server tells. */
export interface Told {
  readonly [field: string]: unknown
}

/** A connection. */
export interface MemoryConnection {
  readonly wire: "rpc" | "json"
  readonly send: (message: unknown) => void
  /** Sends a binary frame: its header, and the bytes of a file. */
  readonly sendPart: (header: unknown, bytes: Uint8Array) => void
  /** Answers the last ping, if there is one that was not answered, and says whether there was. */
  readonly pong: () => boolean
  /** Cuts it: neither side is asked. */
  readonly drop: () => void
  /** Everything it was told, in order. */
  readonly told: ReadonlyArray<Told>
  /** How it was ended, by either side; undefined while it is open. */
  readonly code: () => number | undefined
  /** The session it has; undefined when it has none, or does not know that it has. */
  readonly session: () => Session | undefined
  /** Whether the session it has is told over it. */
  readonly isTold: () => boolean
}

/** How to connect. */
export interface ConnectOptions {
  readonly principal?: Principal | undefined
  /** Of the session it had before; the RPC wire names it with `Connect`. */
  readonly sessionToken?: string | undefined
}

/** A server, and ways to it. */
export class MemoryWires extends Context.Service<
  MemoryWires,
  {
    readonly connect: (wire: "rpc" | "json", options?: ConnectOptions) => MemoryConnection
    /** Sends what is waiting to be sent. */
    readonly flush: () => void
    readonly sessions: Sessions["Service"]
    /** How many instances run. */
    readonly instances: Effect.Effect<number>
    readonly transport: Transport["Service"]
    readonly principals: Principals.Principals["Service"]
  }
>()("test/MemoryWires") {
  /** These components, with their behaviours. A client may send as much as it likes, unless a rate is given. */
  static readonly layer = <const Components extends ReadonlyArray<Component.Any>>(
    components: Components,
    config: Partial<LiveConfig.Settings> = {}
  ): Layer.Layer<MemoryWires, LiveCore.StartError, LiveCore.Requirements<Components>> =>
    Layer.effect(MemoryWires, make).pipe(
      Layer.provide(LiveCore.layer({ components })),
      Layer.provide([Secrets.layerRandom, LiveConfig.layer({ rate: Infinity, ...config })])
    )
}

/** `[uint32 LE length of the header][header][bytes]`. */
export const partFrame = (header: unknown, bytes: Uint8Array): Buffer => {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([length, text, bytes])
}

const make = Effect.gen(function* () {
  const [transport, sessions, runner] = [yield* Transport, yield* Sessions, yield* InstanceRunner]
  const [rpc, json] = [yield* LiveRpc, yield* LiveJson]
  const open = new Set<Connection>()
  // In virtual time nobody would wait for a handler, or for the last connection.
  yield* Effect.addFinalizer(() => {
    sessions.drainUnsafe()
    for (const connection of open) connection.closed()
    return runner.stopNow
  })

  const connect = (wire: "rpc" | "json", { principal, sessionToken }: ConnectOptions = {}): MemoryConnection => {
    const told: Array<Told> = []
    let code: number | undefined
    let isPinged = false
    let handler: (ProtocolHandler & { readonly session?: Session | undefined }) | undefined
    const writer: FrameWriter = {
      kind: "test",
      isCompressing: false,
      frame: String,
      frames: (texts) => `[${texts.join(",")}]`,
      shared: (texts) => `[${texts.join(",")}]`,
      write: (frame) => {
        const parsed = JSON.parse(String(frame)) as Told | ReadonlyArray<Told>
        told.push(...[parsed].flat())
      },
      writeTo: (prefix, { texts }) => writer.write(`[${texts.map((text) => prefix + text).join(",")}]`),
      get isOpen() {
        return code === undefined
      },
      bytesRead: 0,
      bytesWritten: 0,
      bytesMoved: 0,
      bufferedUnsafe: () => 0,
      drainsAbove: 0,
      ping: () => void (isPinged = true),
      pause: () => {},
      resume: () => {},
      close: (closing) => void (code ??= closing),
      terminate: () => void (code ??= 1006)
    }
    const protocol =
      wire === "rpc" ? rpc : json(new URLSearchParams(sessionToken === undefined ? {} : { sessionToken }))
    const spied = {
      open: (connection: Connection) => (handler = protocol.open(connection) as NonNullable<typeof handler>)
    }
    const connection = transport.attachUnsafe(spied, writer, principal)
    open.add(connection)
    return {
      wire,
      send: (message) => connection.receive(JSON.stringify(message)),
      sendPart: (header, bytes) => connection.receiveBytes(partFrame(header, bytes)),
      pong: () => {
        const wasPinged = isPinged
        isPinged = false
        if (wasPinged) connection.ponged()
        return wasPinged
      },
      drop: () => {
        code ??= 1006
        open.delete(connection)
        connection.closed()
      },
      told,
      code: () => code,
      session: () => handler?.session,
      isTold: () => handler?.session !== undefined && Object.is(handler.session.connection, handler)
    }
  }
  const principals = yield* Principals.Principals
  return MemoryWires.of({
    connect,
    flush: transport.flushUnsafe,
    instances: runner.size,
    sessions,
    principals,
    transport
  })
})
