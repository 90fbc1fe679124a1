// What the example serves: its components, the page, and the script that `vite build` left in `dist`.
import { Effect, Layer, Stream } from "effect"
import { HttpRouter, HttpServerResponse, HttpStaticServer } from "effect/http"
import { ssrOf } from "fibra/react"
import { LiveServer, LiveSsr } from "fibra/server"
import { StrictMode } from "react"
import { renderToReadableStream } from "react-dom/server"
import { Clock } from "../clock/Clock.ts"
import { ClockLayer } from "../clock/ClockLayer.ts"
import { Counter } from "../counter/Counter.ts"
import { CounterLayer } from "../counter/CounterLayer.ts"
import { App } from "./App.tsx"

const head = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Rendered on a server</title>
    <link rel="icon" href="data:,">
    <style>:root { color-scheme: light dark; font-family: system-ui, sans-serif }</style>
    <script type="module" src="/assets/page.js"></script>
  </head>
  <body><div id="root">`

// #region route
const page = HttpRouter.add(
  "GET",
  "/",
  Effect.fnUntraced(function* (request) {
    // Real mounts, for whoever asks for this page; with the same props and keys as the views have.
    yield* LiveSsr.mount(Counter, { props: { start: 0 }, key: "everyone" }, request)
    yield* LiveSsr.mount(Clock, {}, request)
    const { data, script } = yield* LiveSsr.page(request)
    const html = yield* Effect.promise(() =>
      renderToReadableStream(
        <StrictMode>
          <App ssr={ssrOf(data)} />
        </StrictMode>
      )
    )
    const body = Stream.fromReadableStream({ evaluate: () => html, onError: (cause) => cause })
    const text = (part: string) => Stream.encodeText(Stream.make(part))
    return HttpServerResponse.stream(
      text(head).pipe(Stream.concat(body), Stream.concat(text(`</div>${script}</body></html>`))),
      { contentType: "text/html; charset=utf-8" }
    )
  })
)
// #endregion route

/** The site, with its script in `dist`. */
export const layer = (dist: string, options: { readonly port?: number; readonly host?: string } = {}) =>
  LiveServer.layerHttp({
    components: [Counter, Clock],
    routes: Layer.merge(page, HttpStaticServer.layer({ root: dist, prefix: "/assets" })),
    ...options
  }).pipe(Layer.provide([CounterLayer, ClockLayer]))
