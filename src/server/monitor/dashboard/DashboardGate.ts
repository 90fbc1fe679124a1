/**
 * Who may see the dashboard: whoever passes the guard of the monitor, and browsers in which somebody has signed in with
 * the token of the monitor.
 */
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Monotonic from "../../../actor/Monotonic.ts"
import * as Log from "../../../Log.ts"
import * as ClientAddress from "../../http/ClientAddress.ts"
import * as Origin from "../../http/Origin.ts"
import * as LiveConfig from "../../LiveConfig.ts"
import { MonitorGuard } from "../MonitorGuard.ts"
import { headers } from "./DashboardFiles.ts"
import { DashboardTickets } from "./DashboardTicket.ts"
import * as SignIn from "./SignIn.ts"

/** Lets requests through, or answers them. */
export class DashboardGate extends Context.Service<
  DashboardGate,
  {
    /** Fails with the answer to a request that is refused: for browsers, the form to sign in with. */
    readonly admit: (request: HttpServerRequest) => Effect.Effect<void, HttpServerResponse.HttpServerResponse>
    /** Answers the form. */
    readonly signIn: (request: HttpServerRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse>
  }
>()("fibra/server/DashboardGate") {}

/** Characters of the form that is sent. */
const maxForm = ByteSize.bytes(4096)

/** Browsers say where a form was sent from. Other clients have no use for it. */
const isOwn = ({ headers: { host, origin } }: HttpServerRequest): boolean =>
  origin !== undefined && Origin.isOwn(origin, host)

/** Whether the request is for the page as a folder, which the names of its files are relative to. */
export const isFolder = ({ url }: HttpServerRequest): boolean => url.split("?", 1)[0]?.endsWith("/") === true

/** Whether somebody looks at the answer. */
const isBrowser = ({ headers }: HttpServerRequest): boolean => headers["accept"]?.includes("text/html") === true

const actionOf = (request: HttpServerRequest): string => (isFolder(request) ? "sign-in" : "dashboard/sign-in")

/** A monitor that is guarded by the application answers in its own way. */
const wantsToken = ({ status }: HttpServerResponse.HttpServerResponse): boolean => status === 401

/** The gate of the dashboard. */
export const layer: Layer.Layer<DashboardGate, never, MonitorGuard> = Layer.effect(
  DashboardGate,
  Effect.gen(function* () {
    const guard = yield* MonitorGuard
    const { authenticationTimeout, trustedProxies } = yield* LiveConfig.LiveConfig
    const addressOf = (request: HttpServerRequest) => ClientAddress.ofRequest(request, trustedProxies)
    const tickets = new DashboardTickets()

    const signIn = Effect.fnUntraced(function* (request: HttpServerRequest) {
      if (!isOwn(request))
        return HttpServerResponse.text("Sign in on the page of the dashboard.\n", { status: 403, headers })
      const form = yield* request.text.pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, maxForm),
        Effect.timeout(authenticationTimeout),
        Effect.orElseSucceed(() => "")
      )
      const token = new URLSearchParams(form).get("token")?.trim() ?? ""
      const { "content-type": _type, cookie: _cookie, ...others } = request.headers
      const shown = request.modify({ headers: Headers.fromInput({ ...others, authorization: `Bearer ${token}` }) })
      return yield* Effect.matchEffect(guard.admit(shown), {
        onFailure: (refusal) => Effect.succeed(wantsToken(refusal) ? SignIn.respond("sign-in", true) : refusal),
        onSuccess: () =>
          Effect.gen(function* () {
            const isSecure = request.headers["origin"]?.startsWith("https:") === true
            const ticket = tickets.issue(yield* Monotonic.millis, isSecure)
            yield* Log.info("Somebody signed in to the dashboard", { by: addressOf(request) })
            return HttpServerResponse.redirect("./", {
              status: 303,
              headers: { ...headers, "set-cookie": ticket }
            })
          })
      })
    })

    return DashboardGate.of({
      admit: (request) =>
        Effect.flatMap(Monotonic.millis, (now) =>
          tickets.accepts(request.cookies, now)
            ? Effect.void
            : Effect.mapError(guard.admit(request), (refusal) =>
                wantsToken(refusal) && isBrowser(request) ? SignIn.respond(actionOf(request), false) : refusal
              )
        ),
      signIn
    })
  })
)
