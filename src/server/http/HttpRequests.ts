/**
 * The HTTP requests that have begun and are not answered yet, for a server that ends: it lets them finish beside
 * everything else, and takes no more.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ServerResponse } from "node:http"

/** The HTTP server of its own that a live server has; none when the server is somebody else's. */
export class RunningRequests {
  readonly #responses = new Set<ServerResponse>()
  readonly #waiting = new Set<() => void>()
  readonly #refuse: () => void
  #isEnding = false

  constructor(refuse: () => void) {
    this.#refuse = refuse
  }

  /** A request has begun. */
  see(response: ServerResponse): void {
    this.#responses.add(response)
    response.once("close", () => {
      this.#responses.delete(response)
      if (this.#responses.size > 0) return
      for (const done of this.#waiting) done()
      this.#waiting.clear()
    })
  }

  /** From now on, requests are refused. */
  begin(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#refuse()
  }

  /** Waits until every request that has begun is answered. */
  readonly answered: Effect.Effect<void> = Effect.callback((resume) => {
    const done = () => resume(Effect.void)
    if (this.#responses.size === 0) return done()
    this.#waiting.add(done)
    return Effect.sync(() => void this.#waiting.delete(done))
  })
}

/** The requests of the HTTP server in front. */
export const HttpRequests = Context.Reference<Pick<RunningRequests, "begin" | "answered">>(
  "fibra/server/HttpRequests",
  {
    defaultValue: () => ({ begin: () => {}, answered: Effect.void })
  }
)
