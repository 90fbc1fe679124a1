/** The pages that one server renders: whose each is, and the session in which its components are mounted. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Component from "../Component.ts"
import type { ComponentCodec } from "../ComponentCodec.ts"
import type { LiveError } from "../LiveError.ts"
import * as Log from "../Log.ts"
import type { Principal } from "../Principal.ts"
import { type SsrComponent, type SsrData, ssrElementId } from "../SsrData.ts"
import type { Encoded } from "../StateCodec.ts"
import * as ClientAddress from "./http/ClientAddress.ts"
import * as Identity from "./http/Identity.ts"
import * as LiveConfig from "./LiveConfig.ts"
import { LiveSsr, type SsrMount } from "./LiveSsr.ts"
import { Authentication, type Refusal, Unauthorized } from "./security/Authentication.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import { Revocations } from "./security/Revocations.ts"
import { Sessions } from "./session/Sessions.ts"
import { PageSession, type RenderTarget } from "./wire/rpc/PageSession.ts"

/** Renders the pages of one server. */
export const layer: Layer.Layer<LiveSsr, never, Sessions | Revocations> = Layer.effect(
  LiveSsr,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const config = yield* LiveConfig.LiveConfig
    const logged = yield* RejectionLog.bound
    const identification: Identity.Identification = {
      authenticate: yield* Authentication,
      config,
      hasLeft: (yield* Revocations).hasLeftUnsafe
    }
    /** By what carries the request: several objects of Effect may stand for it. */
    const pages = new WeakMap<object, PageSession>()

    const begun = (request: HttpServerRequest): Effect.Effect<PageSession, Refusal> => {
      const known = pages.get(request.source)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.flatMap(identified(identification, request), (principal) => {
        const visitor = { principal, address: addressOf(request, config.trustedProxies) }
        const page = pages.get(request.source) ?? new PageSession(sessions, visitor)
        pages.set(request.source, page)
        return Effect.as(uncached, page)
      })
    }

    const mounted = Effect.fnUntraced(function* (
      component: Component.Any,
      target: RenderTarget,
      request: HttpServerRequest
    ) {
      const page = yield* begun(request)
      return yield* page.mount(component, target).pipe(
        Effect.catch((error) => {
          if (!noRoom.has(error.reason._tag)) return Effect.fail(error)
          const labels = { component: component.componentName, error }
          const line = Log.warning("A page is rendered with an initial state: there is no room to mount it", labels)
          return Effect.as(logged(RejectionLog.limited(`page without a mount ${labels.component}`, line)), undefined)
        })
      )
    })

    return LiveSsr.of({
      mount: <C extends Component.Typed>(component: C, target: RenderTarget, request: HttpServerRequest) =>
        Effect.map(mounted(component, target, request), (mounted): SsrMount<C> => {
          const { codec } = component
          const state = mounted === undefined ? codec.initial(target.props ?? {}) : decoded(codec, mounted)
          return { state: state as Component.State<C>, componentId: mounted?.componentId }
        }),
      page: (request) =>
        Effect.sync(() => {
          const data = pages.get(request.source)?.data ?? { components: [] }
          return { data, script: scriptOf(data) }
        })
    })
  })
)

const decoded = ({ state }: ComponentCodec, mounted: SsrComponent): unknown => state.decode(mounted.state as Encoded)

/** Who asks for a page. */
const identified = (
  identification: Identity.Identification,
  request: HttpServerRequest
): Effect.Effect<Principal | undefined, Refusal> =>
  Identity.identify(identification, request).pipe(
    Effect.map(({ principal }) => principal),
    Effect.catch((unidentified): Effect.Effect<never, Refusal> => {
      switch (unidentified._tag) {
        case "refused":
          return Effect.fail(unidentified.refusal)
        case "signedOut":
          return Effect.fail(new Unauthorized({ detail: "signed out while the page was rendered" }))
        case "late":
          return Effect.die(new Error("Authentication gave no answer within authenticationTimeout."))
        case "failed":
          return Effect.die(Cause.squash(unidentified.cause))
      }
    })
  )

const addressOf = (request: HttpServerRequest, trustedProxies: number): string | undefined =>
  "socket" in request.source
    ? ClientAddress.ofRequest(request, trustedProxies)
    : Option.getOrUndefined(request.remoteAddress)

/** What a mount fails with where there is no room, or not any more, which is nobody's fault. */
const noRoom: ReadonlySet<LiveError["reason"]["_tag"]> = new Set(["Draining", "TooManyComponents", "CallExpired"])

/** Nobody else may get this page, and neither may its visitor a second time. */
const uncached: Effect.Effect<void> = Effect.contextWith((context: Context.Context<never>) =>
  Effect.sync(() =>
    HttpEffect.appendPreResponseHandlerUnsafe(context, (_request, response) =>
      Effect.succeed(HttpServerResponse.setHeader(response, "cache-control", "private, no-store"))
    )
  )
)

/** What ends a script, or a line of one in older browsers, is escaped: the text is JSON as before. */
const scriptOf = (data: SsrData): string => {
  const escaped = JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return `<script type="application/json" id="${ssrElementId}">${escaped}</script>`
}
