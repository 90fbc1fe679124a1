/**
 * Who may see the dashboard: whoever passes the guard of the monitor, and browsers in which somebody has signed in with
 * the token of the monitor.
 */
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Monotonic from "../../../actor/Monotonic.ts"
import * as Log from "../../../Log.ts"
import * as ClientAddress from "../../http/ClientAddress.ts"
import * as Origin from "../../http/Origin.ts"
import * as LiveConfig from "../../LiveConfig.ts"
import { MonitorAccess } from "../MonitorAccess.ts"
import { MonitorGuard } from "../MonitorGuard.ts"
import * as MonitorRefusal from "../MonitorRefusal.ts"
import { headers } from "./DashboardFiles.ts"
import { DashboardTickets } from "./DashboardTicket.ts"
import * as SignIn from "./SignIn.ts"

/** Lets requests through, or answers them. */
export class DashboardGate extends Context.Service<
  DashboardGate,
  {
    /**
     * Gives the ticket of a request, if it has one; fails with the answer to a request that is refused: for browsers, the
     * form to sign in with.
     */
    readonly admit: (
      request: HttpServerRequest
    ) => Effect.Effect<string | undefined, HttpServerResponse.HttpServerResponse>
    /** Answers the form. */
    readonly signIn: (request: HttpServerRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse>
    /** Ends the ticket of a browser, and what it has opened with it. */
    readonly signOut: (request: HttpServerRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse>
    /** Notes how to end what was opened with a ticket; call the returned function when it has ended by itself. */
    readonly opened: (ticket: string, end: () => void) => () => void
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

/** Whether a browser that is refused like this is asked for the token. */
const wantsToken = ({ status }: HttpServerResponse.HttpServerResponse): boolean => status === 401

const elsewhere = HttpServerResponse.text("Do that on the page of the dashboard.\n", { status: 403, headers })

const tokenless = HttpServerResponse.text("There is no token to sign in with.\n", { status: 404, headers })

const toPage = HttpServerResponse.redirect("./", { status: 303, headers })

/** The gate of the dashboard. */
export const layer: Layer.Layer<DashboardGate, never, MonitorGuard | MonitorAccess> = Layer.effect(
  DashboardGate,
  Effect.gen(function* () {
    const guard = yield* MonitorGuard
    const { isToken } = yield* MonitorAccess
    const { authenticationTimeout, trustedProxies } = yield* LiveConfig.LiveConfig
    const by = (request: HttpServerRequest) => ({ by: ClientAddress.ofRequest(request, trustedProxies) })
    const tickets = new DashboardTickets()

    const signIn = Effect.fnUntraced(function* (request: HttpServerRequest) {
      if (isToken === undefined) return tokenless
      if (!isOwn(request)) return elsewhere
      const form = yield* request.text.pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, maxForm),
        Effect.timeout(authenticationTimeout),
        Effect.orElseSucceed(() => "")
      )
      const { origin } = request.headers
      if (!isToken(new URLSearchParams(form).get("token")?.trim() ?? "")) {
        yield* MonitorRefusal.refuse("token", MonitorRefusal.detailsOf(request.url, origin))
        return SignIn.respond("sign-in", true)
      }
      yield* Log.info("Somebody signed in to the dashboard", by(request))
      return tickets.issue(toPage, yield* Monotonic.millis, origin?.startsWith("https:") === true)
    })

    const signOut = Effect.fnUntraced(function* (request: HttpServerRequest) {
      if (!isOwn(request)) return elsewhere
      const ticket = tickets.find(request.cookies, yield* Monotonic.millis)
      if (ticket !== undefined) {
        tickets.revoke(ticket)
        yield* Log.info("Somebody signed out of the dashboard", by(request))
      }
      return tickets.forget(toPage)
    })

    return DashboardGate.of({
      admit: (request) =>
        Effect.flatMap(Monotonic.millis, (now) => {
          const ticket = tickets.find(request.cookies, now)
          if (ticket !== undefined) return Effect.succeed(ticket)
          return Effect.matchEffect(guard.admit(request), {
            onFailure: (refusal) =>
              Effect.fail(
                isToken !== undefined && wantsToken(refusal) && isBrowser(request)
                  ? SignIn.respond(actionOf(request), false)
                  : refusal
              ),
            onSuccess: () => Effect.undefined
          })
        }),
      signIn,
      signOut,
      opened: (ticket, end) => tickets.opened(ticket, end)
    })
  })
)
