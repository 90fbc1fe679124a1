/** Of a large write, it is known how much has left, while the other end reads. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as net from "node:net"
import * as Departed from "../../../src/server/transport/Departed.ts"
import { socketKinds } from "../../support/SocketKinds.ts"

const kinds = socketKinds({ allowHalfOpen: false })

/** More than systems buffer. */
const size = 32 * 1024 * 1024

describe("what has left", () => {
  for (const kind of ["TCP", "TLS"] as const) {
    it.live(`of one large write over ${kind}, what has left grows while the other end reads, and only then`, () =>
      Effect.gen(function* () {
        const server = kinds[kind].serve((socket) => void socket.on("error", () => {}).write(Buffer.alloc(size)))
        const accepted = new Promise<net.Socket>((resolve) =>
          server.on(kind === "TCP" ? "connection" : "secureConnection", resolve)
        )
        yield* Effect.acquireRelease(
          Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
          () => Effect.sync(() => server.close())
        )
        const { port } = server.address() as net.AddressInfo
        const reader = yield* Effect.acquireRelease(
          Effect.sync(() => kinds[kind].connect(port)),
          (socket) => Effect.sync(() => socket.destroy())
        )
        reader.on("error", () => {}).pause()
        const socket = yield* Effect.promise(() => accepted)
        const left = () => Departed.bytesOf(socket)
        const turn = Effect.sleep("50 millis")
        /** Until the system takes nothing more. */
        const stalled = Effect.gen(function* () {
          for (let before = -1; before !== left();) {
            before = left()
            yield* turn
          }
          return left()
        })
        let read = 0
        const first = yield* stalled
        assert.isBelow(first, size)
        reader.on("data", (data) => void ((read += data.length) >= 8 * 1024 * 1024 && reader.pause()))
        reader.resume()
        yield* Effect.repeat(turn, { until: () => read >= 8 * 1024 * 1024 })
        const second = yield* stalled
        assert.isAbove(second, first)
        assert.isBelow(second, size)
        // Node itself does not know better.
        assert.isAbove(socket.writableLength, size / 2)
        reader.removeAllListeners("data")
        reader.resume()
        yield* Effect.repeat(turn, { until: () => left() >= size })
      }).pipe(Effect.scoped)
    )
  }
})
