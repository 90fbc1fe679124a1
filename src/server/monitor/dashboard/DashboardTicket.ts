/**
 * What a browser has in place of the token after somebody has signed in with it: a cookie that says until when, signed
 * with a key of this process. Browsers can send no `Authorization` with a page or a WebSocket.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

/** Milliseconds that a ticket is valid. */
const age = 12 * 3600 * 1000

const cookie = "fibra-dashboard"

/** The tickets of one server. `now` is milliseconds on a clock that only goes on. */
export class DashboardTickets {
  readonly #key = randomBytes(32)

  /**
   * The `Set-Cookie` of a new one, for the folder of the page that it is sent to. `isSecure`: never over plain HTTP.
   */
  issue(now: number, isSecure: boolean): string {
    const until = String(now + age)
    const secure = isSecure ? "; Secure" : ""
    const value = `${until}.${this.#sign(until).toString("base64url")}`
    return `${cookie}=${value}; Max-Age=${age / 1000}; HttpOnly; SameSite=Strict${secure}`
  }

  /** Whether the cookies of a request have a valid one. */
  accepts(cookies: { readonly [name: string]: string }, now: number): boolean {
    const [, until = "", signature = ""] = /^(\d{1,16})\.([\w-]{43})$/.exec(cookies[cookie] ?? "") ?? []
    if (until === "" || Number(until) <= now) return false
    return timingSafeEqual(this.#sign(until), Buffer.from(signature, "base64url"))
  }

  #sign(until: string): Buffer {
    return createHmac("sha256", this.#key).update(until).digest()
  }
}
