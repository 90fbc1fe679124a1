/** Why a server cannot listen. */
import * as Schema from "effect/Schema"

const messages: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there",
  EACCES: "this user may not listen there",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no host of that name"
}

/**
 * The server cannot listen on its port.
 *
 * Goes to the program that starts the server.
 */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  port: Schema.Int,
  host: Schema.optional(Schema.String),
  /** Node's name for what went wrong, such as `EADDRINUSE`. */
  code: Schema.String
}) {
  override get message(): string {
    const place = this.host === undefined ? `port ${this.port}` : `port ${this.port} of ${this.host}`
    return `The server cannot listen on ${place}: ${messages[this.code] ?? this.code}.`
  }

  get hint(): string {
    return "End the other process, or choose another port: `PORT=3001`, or `port` of LiveServer.layerHttp."
  }
}
