/**
 * Closes connections whose requests were refused. Effect's server closes its own side, and Node would wait for the
 * client to close the other one; a refused client is not waited for.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"

/** How long the answer may take to leave. */
const patience = Duration.seconds(1)

/** What Node stores on a socket: the response that leaves next. */
interface Answering {
  readonly _httpMessage?: ServerResponse | null
}

/**
 * The response that an earlier request on the same socket still waits for. A request behind it cannot be an upgrade.
 */
export const owedBefore = (incoming: IncomingMessage): ServerResponse | undefined => {
  const owed = (incoming.socket as Answering)._httpMessage ?? undefined
  return owed?.req === incoming ? undefined : owed
}

/** Destroys a socket as soon as our side of it has ended, and after a second in any case. */
export const dismiss = (socket: Duplex): void => {
  if (socket.writableFinished) return void socket.destroy()
  socket.once("finish", () => socket.destroy())
  const late = Effect.runFork(
    Effect.delay(
      Effect.sync(() => socket.destroy()),
      patience
    )
  )
  socket.once("close", () => late.interruptUnsafe())
  // Data that was not read when a socket is destroyed makes the kernel drop the answer.
  socket.resume()
}
