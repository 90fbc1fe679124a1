/** Where a connection has its uploads, once there was one: a page that uploads nothing has no code for that. */
import type { UploadFailed, UploadReceived } from "../LiveProtocol.ts"
import type { UploadChannel } from "./UploadChannel.ts"
import type { Link } from "./Link.ts"

/** What uploads are sent on. */
export type UploadLink = Pick<Link["Service"], "buffered" | "sendBytes">

/** The uploads of one connection, if there are any. */
export class UploadSlot {
  readonly #link: UploadLink
  #channel: UploadChannel | undefined

  constructor(link: UploadLink) {
    this.#link = link
  }

  /** The channel of this connection, which is made when it is asked for first. */
  channel(make: (link: UploadLink) => UploadChannel): UploadChannel {
    return (this.#channel ??= make(this.#link))
  }

  event(event: typeof UploadReceived.Type | typeof UploadFailed.Type): void {
    this.#channel?.event(event)
  }
}
