// What the showcase serves: the live components, and the page that `vite build` left in `dist`.
// #region site
import { fileURLToPath } from "node:url"
import { HttpStaticServer } from "effect/http"
import { Effect, Layer } from "effect"
import { Authentication, Authorization, LiveServer } from "fibra/server"
import { components, layer as behaviors } from "../live.gen.ts"
import { named } from "./Visitor.ts"

// A demo: whoever says `?as=ada` is taken for Ada, unasked. A server of yours looks at a cookie or a token it has signed.
const authentication = Authentication.layer(({ originalUrl }) =>
  Effect.sync(() => {
    const id = named(new URL(originalUrl, "http://showcase").search)
    return id === undefined ? undefined : { id }
  })
)

// Guests may mount everything; what they may not see or do there, the components say.
const authorization = Authorization.layer({ mount: () => Effect.succeed(true) })

const clients = fileURLToPath(new URL("../clients", import.meta.url))

/** The site, with the page in `dist`. */
export const layer = (dist: string, options: { readonly port?: number; readonly host?: string } = {}) =>
  LiveServer.layerHttp({
    components,
    // At /api/live/dashboard, for browsers on the same machine.
    dashboard: true,
    routes: Layer.mergeAll(
      // A page without fibra: what the open protocol is like in plain JavaScript.
      HttpStaticServer.layer({ root: clients, prefix: "/clients", cacheControl: "no-cache" }),
      HttpStaticServer.layer({ root: dist, cacheControl: "no-cache" })
    ),
    ...options
  }).pipe(Layer.provide([behaviors, authentication, authorization]))
// #endregion site
