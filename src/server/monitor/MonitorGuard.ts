/**
 * Stands before everything of the monitor that is not open to all: it asks `MonitorAccess`, and refuses what a page of
 * another origin has made a browser send. There are no CORS headers, so such a page can read nothing in any case.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Origin from "../http/Origin.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { MonitorAccess } from "./MonitorAccess.ts"
import * as MonitorRefusal from "./MonitorRefusal.ts"

/** Lets requests through, or answers them. */
export class MonitorGuard extends Context.Service<
  MonitorGuard,
  {
    /** Fails with the answer to a request that is refused. */
    readonly admit: (request: HttpServerRequest) => Effect.Effect<void, HttpServerResponse>
  }
>()("fibra/server/MonitorGuard") {}

/** How long the check of an application may take is how long `Authentication` may. */
export const layer: Layer.Layer<MonitorGuard, never, MonitorAccess> = Layer.effect(
  MonitorGuard,
  Effect.gen(function* () {
    const access = yield* MonitorAccess
    const config = yield* LiveConfig.LiveConfig
    const logged = yield* RejectionLog.bound
    const refuse = (request: HttpServerRequest, why: MonitorRefusal.Refused) =>
      Effect.flip(MonitorRefusal.refuse(why, MonitorRefusal.detailsOf(request.url, request.headers["origin"])))

    return MonitorGuard.of({
      admit: (request) =>
        logged(
          Effect.suspend(() => {
            const forged = forgeryOf(request, config.allowedOrigins)
            if (forged !== undefined) return refuse(request, forged)
            return Effect.suspend(() => access.check(request)).pipe(
              Effect.timeoutOrElse({
                duration: config.authenticationTimeout,
                orElse: () => Effect.die(new Error(late))
              }),
              Effect.catchDefect((defect) => Effect.flip(MonitorRefusal.failed(Cause.die(defect)))),
              Effect.flatMap((denial) => (denial === undefined ? Effect.void : refuse(request, denial)))
            )
          })
        )
    })
  })
)

const late = "MonitorAccess gave no answer within authenticationTimeout."

/** Whether a page of another origin may have made a browser send it. */
const forgeryOf = (
  { headers, method }: HttpServerRequest,
  allowedOrigins: LiveConfig.Settings["allowedOrigins"]
): "origin" | "form" | undefined => {
  const { host, origin, "content-type": type, "sec-fetch-mode": mode, "sec-fetch-site": site } = headers
  if (origin !== undefined && !Origin.isOwn(origin, host) && !isListed(origin, allowedOrigins)) return "origin"
  const isForeign = origin === undefined && site !== undefined && site !== "same-origin" && site !== "none"
  // A link may lead here from anywhere; a page of another origin may not have it as a picture or a script.
  if (method === "GET" || method === "HEAD") return isForeign && mode !== "navigate" ? "origin" : undefined
  if (isForeign) return "origin"
  return type === undefined || /^application\/json\b/i.test(type) ? undefined : "form"
}

/** `"any"` is for components, whose state is for whoever may mount them. */
const isListed = (origin: string, allowed: LiveConfig.Settings["allowedOrigins"]): boolean =>
  typeof allowed !== "string" && Origin.isListed(origin, allowed)
