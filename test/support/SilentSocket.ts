/** In the place of `WebSocket`, for pages that make their own. */

/** A socket that connects to nothing. */
export class SilentSocket extends EventTarget {
  static all: Array<SilentSocket> = []
  readyState = 0
  readonly url: string
  readonly token: string | undefined
  closed = false

  constructor(url: string, protocols: ReadonlyArray<string> = []) {
    super()
    this.url = url
    this.token = protocols[1]
    SilentSocket.all.push(this)
  }

  accept() {
    this.readyState = 1
    this.dispatchEvent(new Event("open"))
  }

  end(code: number) {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }))
  }

  send() {}

  close() {
    this.closed = true
  }
}
