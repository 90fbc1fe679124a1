/**
 * A TCP proxy that cuts connections in the middle of what they carry: both ends get a reset, and what is on its way is lost. It may
 * be as slow as a test says.
 */
import { connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

/** When a connection is to be cut: after so many more bytes one way. */
export interface Cut {
  readonly way: "toServer" | "toClient"
  readonly bytes: number
}

/** Bytes a second, each way. */
export interface Rates {
  readonly toServer: number
  readonly toClient: number
}

/** How often a slow proxy passes something on, in milliseconds. */
const beat = 50

/** A proxy that listens. */
export interface Proxy {
  readonly port: number
  /** Cuts whatever connection carries the bytes; one cut is made after the other. */
  readonly cut: (...cuts: ReadonlyArray<Cut>) => void
  /** Connections that were accepted. */
  readonly accepted: () => number
  /** From now on so much passes. */
  readonly slow: (rates: Rates) => void
  /** Cuts that were made. */
  readonly cuts: () => number
}

/** A proxy for this port, or for the socket of this path. */
export const make = (target: number | string): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.suspend(() => {
    const sockets = new Set<Socket>()
    const due: Array<Cut> = []
    /** Bytes of the cut that is due next that are carried already. */
    let carried = 0
    let cuts = 0
    let accepted = 0
    let rates: Rates = { toServer: Infinity, toClient: Infinity }

    const carry = (way: Cut["way"], from: Socket, to: Socket): void => {
      from.on("data", (data) => {
        const [cut] = due
        if (cut?.way !== way || carried + data.length < cut.bytes) {
          if (cut?.way === way) carried += data.length
          if (rates[way] === Infinity) return void to.write(data)
          from.pause()
          return pass(way, data, from, to)
        }
        to.write(data.subarray(0, cut.bytes - carried))
        due.shift()
        carried = 0
        cuts++
        for (const end of [from, to]) {
          // Only TCP has a reset.
          if (typeof target === "string") end.destroy()
          else end.resetAndDestroy()
        }
      })
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      sockets.add(from)
    }

    const pass = (way: Cut["way"], data: Buffer, from: Socket, to: Socket): void => {
      const now = Math.max(1, Math.ceil((rates[way] * beat) / 1000))
      if (to.destroyed) return
      to.write(data.subarray(0, now))
      if (data.length <= now) setTimeout(() => from.resume(), (data.length / now) * beat)
      else setTimeout(() => pass(way, data.subarray(now), from, to), beat)
    }

    const server = createServer((client) => {
      accepted++
      const upstream = typeof target === "string" ? connect(target) : connect(target, "127.0.0.1")
      carry("toServer", client, upstream)
      carry("toClient", upstream, client)
    })

    return Effect.acquireRelease(
      Effect.callback<Proxy>((resume) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(
            Effect.succeed({
              port,
              cut: (...cuts) => void due.push(...cuts),
              cuts: () => cuts,
              accepted: () => accepted,
              slow: (given) => void (rates = given)
            })
          )
        })
      }),
      () =>
        Effect.callback<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resume(Effect.void))
        })
    )
  })
