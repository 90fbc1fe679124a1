// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Finds out whether requests come to a route as they came to the server: without middleware of the route, of the router or
 * of the server, and without a span of a tracer. What has such things is left to them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"

/** How many steps a fiber has taken. */
interface Steps {
  readonly currentOpCount: number
}

/** The steps of the fiber of a request when the first of the router is taken: the request, and that one. */
const first = 2

type App = Effect.Effect<HttpServerResponse, unknown, never>
type Middleware = (app: App) => App
type Handler = Effect.Effect<HttpServerResponse, never, HttpServerRequest>

/** The routes of one router. */
export class PlainRoutes {
  readonly #router: HttpRouter.HttpRouter
  /** What the own middleware was put around, and what came of that. */
  #inner: unknown
  #outer: unknown
  #isAlone: boolean | undefined
  /** The fiber of the last request, if it had done nothing before it came to the router. */
  #fresh: Fiber.Fiber<unknown, unknown> | undefined

  constructor(router: HttpRouter.HttpRouter) {
    this.#router = router
  }

  /** Adds the only middleware that a plain request passes through. */
  add(middleware: (app: App) => Effect.Effect<HttpServerResponse, unknown, HttpServerRequest>): Effect.Effect<void> {
    return this.#observe((app) => {
      const passed = middleware(app) as App
      const own = Effect.withFiber<HttpServerResponse, unknown>((fiber) => {
        this.#fresh = (fiber as unknown as Steps).currentOpCount <= first ? fiber : undefined
        return passed
      })
      this.#inner = app
      this.#outer = own
      return own
    })
  }

  /** A handler of a route; `onPlain` is called with each request that has come to it with nothing in between. */
  watched(handler: Handler, onPlain: (request: HttpServerRequest) => void): Handler {
    const watching: Handler = Effect.withFiber((fiber) => {
      if (this.#isPlain(fiber, watching)) onPlain(Context.getUnsafe(fiber.context, HttpServerRequest))
      return handler
    })
    return watching
  }

  #isPlain(fiber: Fiber.Fiber<unknown, unknown>, handler: Handler): boolean {
    const isFresh = this.#fresh === fiber
    this.#fresh = undefined
    const { RouteContext } = HttpRouter
    const route = Context.getOrUndefined(fiber.context as Context.Context<HttpRouter.RouteContext>, RouteContext)
    return isFresh && route?.route.handler === handler && this.#alone
  }

  /** Whether the router has no other middleware: then it is put around the routes as they are, and nothing around it. */
  get #alone(): boolean {
    if (this.#isAlone === undefined) {
      let routes: unknown
      Effect.runSync(
        this.#observe((app) => {
          routes = app
          return app
        })
      )
      // As the server has put it together: what was added last is innermost.
      const whole: unknown = this.#router.asHttpEffect()
      this.#isAlone = whole === this.#outer && routes === this.#inner
    }
    return this.#isAlone
  }

  #observe(middleware: Middleware): Effect.Effect<void> {
    return this.#router.addGlobalMiddleware(middleware as never) as Effect.Effect<void>
  }
}
