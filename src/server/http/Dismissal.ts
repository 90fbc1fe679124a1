/**
 * The end of a connection whose request was refused. Effect's server ends its side of it, and Node waits for the other side; who is
 * refused is not waited for.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"

/** How long the answer may take to leave. */
const patience = Duration.seconds(1)

/** What Node notes on a socket: the response that is to leave next. */
interface Answering {
  readonly _httpMessage?: ServerResponse | null
}

/** The response that an earlier request on the same socket still waits for: what comes after it cannot be an upgrade. */
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
  // What was not read when it is destroyed would take the answer with it.
  socket.resume()
}
