/**
 * The files of the page, as `npm run build` has left them: read when somebody asks for them, and compared with what was
 * read before by their hash.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** Where they are: the same folder for the package and for its sources. */
export const DashboardFolder = Context.Reference<string>("fibra/server/DashboardFolder", {
  defaultValue: () => fileURLToPath(new URL("../../../../dist/dashboard/page/", import.meta.url))
})

const types: { readonly [extension: string]: string } = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml"
}

/** The only names there are. Anything else is not looked for. */
const form = /^(?:index\.html|assets\/[\w-]+\.(?:js|css|svg))$/

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** On every answer of the dashboard. `private`: a shared cache must not have what only some may see. */
export const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "private, no-cache"
}

const missing = HttpServerResponse.text(
  "The page of the dashboard is not there. Build it: `npm run build` in fibra, which the published package has done.\n",
  { status: 503, headers }
)

const notFound = HttpServerResponse.text("There is no such file.\n", { status: 404, headers })

/** A file of the page; `index.html` for an empty name. */
export const respond = (
  folder: string,
  name: string,
  knownTag: string | undefined
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const file = name === "" ? "index.html" : name
  if (!form.test(file)) return Effect.succeed(notFound)
  return Effect.match(
    Effect.tryPromise(() => readFile(join(folder, file))),
    {
      onFailure: () => (file === "index.html" ? missing : notFound),
      onSuccess: (bytes) => {
        const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`
        const own = { ...headers, etag }
        if (knownTag?.split(/\s*,\s*/).some((tag) => tag.replace(/^W\//, "") === etag) === true)
          return HttpServerResponse.empty({ status: 304, headers: own })
        const contentType = types[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream"
        return HttpServerResponse.uint8Array(bytes, { contentType, headers: own })
      }
    }
  )
}
