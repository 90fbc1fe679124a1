/** A network between a page and its server, which is as slow as a test says, or gone. What it carries arrives in order. */
import { connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

/** A network for one page. */
export interface Network {
  /** Where the server is for whoever is behind it. */
  readonly url: string
  /** How long everything takes from now on, each way. */
  readonly delay: (milliseconds: number) => void
  /** Cuts all connections, and opens none until it is back. */
  readonly gone: () => void
  readonly back: () => void
}

/** A network before this port. */
export const make = (target: number): Effect.Effect<Network, never, Scope.Scope> =>
  Effect.suspend(() => {
    const sockets = new Set<Socket>()
    let delay = 0
    let isGone = false

    const carry = (from: Socket, to: Socket): void => {
      let last = 0
      from.on("data", (data) => {
        last = Math.max(last, performance.now() + delay)
        setTimeout(() => to.writable && to.write(data), Math.max(0, last - performance.now()))
      })
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      sockets.add(from)
    }
    const cut = () => sockets.forEach((socket) => socket.destroy())

    const server = createServer((client) => {
      if (isGone) return void client.destroy()
      const upstream = connect(target, "127.0.0.1")
      carry(client, upstream)
      carry(upstream, client)
    })

    return Effect.acquireRelease(
      Effect.callback<Network>((resume) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(
            Effect.succeed({
              url: `http://127.0.0.1:${port}/`,
              delay: (milliseconds) => void (delay = milliseconds),
              gone: () => {
                isGone = true
                cut()
              },
              back: () => void (isGone = false)
            })
          )
        })
      }),
      () =>
        Effect.callback<void>((resume) => {
          cut()
          server.close(() => resume(Effect.void))
        })
    )
  })
