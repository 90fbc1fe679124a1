/**
 * Serves uploaded files over HTTP. Whatever a client has sent, no browser runs it: types are fixed and not guessed, a
 * policy puts the file into a sandbox, and what is neither a picture nor a PDF is saved and not shown.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Log from "../../Log.ts"
import type { Principal } from "../../Principal.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Authentication } from "../security/Authentication.ts"
import * as RightsInForce from "../security/RightsInForce.ts"
import * as Permission from "../security/Permission.ts"
import * as ByteRange from "./ByteRange.ts"
import { LimitedStore } from "./LimitedStore.ts"
import { UploadStore } from "./UploadStore.ts"

/** What is shown in the page that asks for it: pictures of points, and PDF. */
const shown: Readonly<Record<string, string>> = {
  png: "image/png",
  apng: "image/apng",
  jpg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  pdf: "application/pdf"
}

/** Names that the server gives. No other is looked for, and none of them leaves the store. */
const form = /^[0-9a-f]{32}\.([a-z0-9]{1,12})$/

/** On every answer. `private`: a shared cache must not have what only some may see. */
const headers = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer"
}

const failed = (status: number, text: string) =>
  HttpServerResponse.text(text, { status, headers: { ...headers, "cache-control": "no-store" } })

const notFound = failed(404, "There is no such file.\n")
const forbidden = failed(403, "This file is not open to you.\n")
const unavailable = failed(503, "The file cannot be read now. Try again later.\n")

const make = Effect.gen(function* () {
  const store = new LimitedStore(yield* UploadStore, (yield* LiveConfig.LiveConfig).storeTimeout)
  const { authenticationTimeout } = yield* LiveConfig.LiveConfig
  const rights = yield* RightsInForce.current
  const authenticate = yield* Authentication

  const principalOf = (request: HttpServerRequest): Effect.Effect<Principal | undefined, unknown> =>
    authenticate === undefined
      ? Effect.undefined
      : TimeLimit.timeoutOrElse(
          Effect.suspend(() => authenticate(request)),
          { duration: authenticationTimeout, orElse: () => Effect.fail("no answer in time") }
        )

  /** Fails with the response for somebody who may not have the file. */
  const admit = (request: HttpServerRequest, storedName: string) => {
    if (!rights.guardsDownloads) return Effect.void
    return Effect.matchCauseEffect(principalOf(request), {
      onFailure: () => Effect.fail(forbidden),
      onSuccess: (principal) => {
        const right = rights.download({ storedName, principal }) ?? Effect.succeed(true)
        const checked = Permission.checkWithin(authenticationTimeout, right, () => "Reading this file")
        return Effect.mapError(checked, () => forbidden)
      }
    })
  }

  const respond = Effect.fnUntraced(function* (request: HttpServerRequest, name: string) {
    const extension = form.exec(name)?.[1]
    if (extension === undefined) return notFound
    yield* admit(request, name)
    const size = yield* Effect.mapError(store.limited("read", name, store.store.size(name)), () => unavailable)
    if (size === undefined) return notFound
    const type = Object.hasOwn(shown, extension) ? shown[extension] : undefined
    const own = {
      ...headers,
      // Under one name there is never anything else.
      etag: `"${name}"`,
      "accept-ranges": "bytes",
      "cache-control": "private, max-age=31536000, immutable",
      "content-disposition": `${type === undefined ? "attachment" : "inline"}; filename="${name}"`
    }
    const { "if-none-match": known, "if-range": only, range } = request.headers
    if (known !== undefined && (known === "*" || known.includes(own.etag))) {
      return HttpServerResponse.empty({ status: 304, headers: own })
    }
    const part = only === undefined || only === own.etag ? ByteRange.parse(range, size) : undefined
    if (part === "outside") {
      return HttpServerResponse.empty({ status: 416, headers: { ...own, "content-range": `bytes */${size}` } })
    }
    const contentType = type ?? "application/octet-stream"
    const body = Stream.tapCause(store.store.read(name, part), (cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.void
        : Log.error("An uploaded file could not be read", { file: name, cause })
    )
    if (part === undefined) return HttpServerResponse.stream(body, { contentType, contentLength: size, headers: own })
    const { length, offset } = part
    const contentRange = { "content-range": `bytes ${offset}-${offset + length - 1}/${size}` }
    const options = { status: 206, contentType, contentLength: length, headers: { ...own, ...contentRange } }
    return HttpServerResponse.stream(length === 0 ? Stream.empty : body, options)
  })

  return (request: HttpServerRequest, name: string) => respond(request, name).pipe(Effect.catch(Effect.succeed))
})

/** Adds `${uploadsPath}/:filename` to a router. */
export const layer: Layer.Layer<never, never, HttpRouter.HttpRouter | UploadStore> = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const { uploadsPath } = yield* LiveConfig.LiveConfig
    const respond = yield* make
    const answer = Effect.gen(function* () {
      const { filename = "" } = yield* HttpRouter.params
      return yield* respond(yield* HttpServerRequest, filename)
    })
    yield* router.add("GET", `${uploadsPath}/:filename`, answer)
  })
)
