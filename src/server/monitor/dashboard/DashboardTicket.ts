/**
 * What a browser has in place of the token after somebody has signed in with it: a cookie with a number that only this
 * process knows. Browsers can send no `Authorization` with a page or a WebSocket.
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { randomBytes } from "node:crypto"

/** Milliseconds that a ticket is valid. */
const age = 12 * 3600 * 1000

/** Tickets at the same time; the oldest ends for one more. */
const maxTickets = 1000

const cookie = "fibra-dashboard"

/** Says to the page that there is something to sign out of. It opens nothing. */
const hint = "fibra-dashboard-signed-in"

type Response = HttpServerResponse.HttpServerResponse

interface Ticket {
  readonly until: number
  /** Ends what was opened with it. */
  readonly opened: Set<() => void>
}

/** The tickets of one server. `now` is milliseconds on a clock that only goes on. */
export class DashboardTickets {
  readonly #tickets = new Map<string, Ticket>()

  /** Gives a new one to the browser that this is the response to, for the folder of the page. `isSecure`: never over plain HTTP. */
  issue(response: Response, now: number, isSecure: boolean): Response {
    for (const [id, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < maxTickets) break
      this.revoke(id)
    }
    const id = randomBytes(32).toString("base64url")
    this.#tickets.set(id, { until: now + age, opened: new Set() })
    const options = { maxAge: age, sameSite: "strict", secure: isSecure } as const
    return response.pipe(
      HttpServerResponse.setCookieUnsafe(cookie, id, { ...options, httpOnly: true }),
      HttpServerResponse.setCookieUnsafe(hint, "1", options)
    )
  }

  /** The one among the cookies of a request; undefined when none is valid. */
  find(cookies: { readonly [name: string]: string }, now: number): string | undefined {
    const id = cookies[cookie] ?? ""
    const until = this.#tickets.get(id)?.until ?? 0
    return until > now ? id : undefined
  }

  /** Notes how to end what was opened with a ticket; call the returned function when it has ended by itself. */
  opened(id: string, end: () => void): () => void {
    const ticket = this.#tickets.get(id)
    if (ticket === undefined) end()
    ticket?.opened.add(end)
    return () => void ticket?.opened.delete(end)
  }

  /** Ends one, and what was opened with it. */
  revoke(id: string): void {
    const ticket = this.#tickets.get(id)
    this.#tickets.delete(id)
    for (const end of ticket?.opened ?? []) end()
  }

  /** Lets the browser that this is the response to forget its ticket. */
  forget(response: Response): Response {
    return response.pipe(HttpServerResponse.expireCookieUnsafe(cookie), HttpServerResponse.expireCookieUnsafe(hint))
  }
}
