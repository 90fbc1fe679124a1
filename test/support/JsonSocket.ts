/** A client of the open wire with nothing of ours on it, for tests. */
import { Effect, Queue, type Schema, type Scope } from "effect"
import { type Message, open, type Refused } from "../protocol/Connection.ts"

/** An open socket. */
export interface JsonSocket {
  readonly send: (message: object) => Effect.Effect<void>
  readonly sendText: (text: string) => Effect.Effect<void>
  /** Sends a request, and gives its reply; what else arrives meanwhile is in `seen`. */
  readonly request: (message: object) => Effect.Effect<Message>
  /** The next message of this type; others are in `seen`. */
  readonly next: (type: string) => Effect.Effect<Message>
  /** Mounts a component, and gives its id. */
  readonly mount: (payload: {
    readonly component: string
    readonly [option: string]: Schema.Json
  }) => Effect.Effect<string>
  /** Everything that was taken from the socket, in order. */
  readonly seen: ReadonlyArray<Message>
  /** Stops reading, or reads again. */
  readonly read: (reading: boolean) => void
  /** Waits for the end, and gives its code. */
  readonly closed: Effect.Effect<number>
}

/** Opens a socket at `${url}/api/live/ws` until the Scope closes. */
export const connect = (
  port: number,
  query: Readonly<Record<string, string>> = {},
  options: { readonly answersPings?: boolean } = {}
): Effect.Effect<JsonSocket, Refused, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* open({ url: `ws://127.0.0.1:${port}/api/live/ws`, query, headers: {}, ...options })
    const seen: Array<Message> = []
    let requests = 0
    const take = (wanted: (message: Message) => boolean): Effect.Effect<Message> =>
      Effect.flatMap(Queue.take(connection.arrivals), (arrival) => {
        if (arrival._tag !== "Message") return Effect.die(arrival)
        seen.push(arrival.message)
        return wanted(arrival.message) ? Effect.succeed(arrival.message) : take(wanted)
      })
    const closed: Effect.Effect<number> = Effect.flatMap(Queue.take(connection.arrivals), (arrival) => {
      if (arrival._tag === "Message") seen.push(arrival.message)
      return arrival._tag === "Closed" ? Effect.succeed(arrival.code) : closed
    })
    const send = (message: object) => connection.send(JSON.stringify(message), false)
    const request = (message: object) => {
      const requestId = ++requests
      return Effect.andThen(
        send({ ...message, requestId }),
        take((reply) => reply["requestId"] === requestId)
      )
    }
    return {
      send,
      sendText: (text) => connection.send(text, false),
      request,
      next: (type) => take((message) => message["type"] === type),
      mount: (payload) =>
        Effect.map(request({ type: "COMPONENT_MOUNT", payload }), ({ result }) => {
          if (typeof result !== "object" || result === null || !("componentId" in result)) {
            throw new Error(`not mounted: ${JSON.stringify(seen.at(-1))}`)
          }
          return String(result.componentId)
        }),
      seen,
      read: connection.read,
      closed
    }
  })
