/** A server that is set up as OpenTelemetry says sends what it knows to a collector. */
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Logger } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"
import { LiveClient } from "fibra/client"
import { LiveServer, Secrets, UploadStore } from "fibra/server"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Album, AlbumLayer } from "../../support/Album.ts"
import { connect } from "../../support/JsonSocket.ts"
import { Patient, PatientLayer } from "../../support/Patient.ts"

/** What came to a path of the collector. */
interface Exported {
  readonly path: string | undefined
  readonly body: string
}

const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly exported: Array<Exported>; readonly close: () => void }>(
    (resume) => {
      const exported: Array<Exported> = []
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
        request.on("end", () => {
          exported.push({ path: request.url, body })
          response.end("{}")
        })
      }).listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ url, exported, close }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const environment = (url: string, service: string) =>
  ConfigProvider.layer(
    ConfigProvider.fromUnknown({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_SERVICE_NAME: service,
      OTEL_TRACES_EXPORTER: "otlp"
    })
  )

const server = (url: string) =>
  LiveServer.layerHttp({ components: [Patient, Album], port: 0, host: "127.0.0.1" }).pipe(
    Layer.provide([
      PatientLayer,
      AlbumLayer,
      UploadStore.layerMemory,
      Secrets.layerRandom,
      Logger.layer([]),
      environment(url, "clinic")
    ])
  )

const port = Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) => ("port" in address ? address.port : 0))

/** All spans that were sent, with the service they are of. */
const spansOf = (exported: ReadonlyArray<Exported>): ReadonlyArray<Span> =>
  exported
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => (JSON.parse(body) as Traces).resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      const service = String(recordOf(resource.attributes)["service.name"])
      return scopeSpans.flatMap(({ spans }) =>
        spans.map(({ attributes, ...span }) => ({ ...span, service, attributes: recordOf(attributes) }))
      )
    })

const recordOf = (attributes: ReadonlyArray<Attribute>): Span["attributes"] =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const only = (spans: ReadonlyArray<Span>, service: string, name: string): Span => {
  const [span, ...others] = spans.filter((each) => each.service === service && each.name === name)
  if (span === undefined) throw new Error(`${name} is not among ${spans.map(({ name }) => name).join(", ")}`)
  assert.deepStrictEqual(others, [])
  return span
}

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"
const traceparent = `00-${traceId}-${spanId}-01`

it.live(
  "spans with the trace of a client of any kind, and metrics, arrive at a collector by the time the server has ended",
  () =>
    Effect.gen(function* () {
      const { exported, url } = yield* collector
      const use = Effect.gen(function* () {
        const socket = yield* connect(yield* port)
        const { result } = yield* socket.request({
          type: "COMPONENT_MOUNT",
          payload: { component: "Patient" },
          traceparent
        })
        const { componentId } = result as { readonly componentId: string }
        yield* socket.request({ type: "CALL_ACTION", componentId, action: "Look", traceparent })
        const payload = { property: "note", value: "better" }
        yield* socket.request({ type: "PROPERTY_UPDATE", componentId, payload, traceparent })
      })
      yield* Effect.scoped(Effect.provide(use, server(url)))
      const spans = spansOf(exported)
      for (const name of ["Patient.mount", "Patient.Look", "Patient.set note"]) {
        assert.deepInclude(only(spans, "clinic", name), { traceId, parentSpanId: spanId }, name)
      }
      const metrics = exported.filter(({ path }) => path === "/v1/metrics").map(({ body }) => body)
      assert.include(metrics.join("\n"), "fibra_actions")
    }).pipe(Effect.scoped)
)

/** A page that sends its own spans to the collector. */
const page = (url: string, at: number) =>
  LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${at}/api/live/rpc` }).pipe(
    Layer.provideMerge(Otlp.layerFromConfig()),
    Layer.provide([FetchHttpClient.layer, OtlpSerialization.layerJson, environment(url, "page")])
  )

it.live(
  "what a page does is one trace from its own span to the handler, with the wait in the mailbox and the run apart",
  () =>
    Effect.gen(function* () {
      const { exported, url } = yield* collector
      const use = Effect.gen(function* () {
        const client = yield* LiveClient
        const patient = yield* Effect.withSpan(client.mount(Patient, {}), "open")
        const asleep = yield* Effect.forkChild(Effect.withSpan(patient.call.Sleep({ millis: 50 }), "sleep"), {
          startImmediately: true
        })
        yield* Effect.withSpan(patient.call.Look(), "click")
        yield* Fiber.join(asleep)
      })
      const served = Effect.flatMap(port, (at) => Effect.provide(use, Layer.fresh(page(url, at))))
      yield* Effect.scoped(Effect.provide(served, server(url)))
      const spans = spansOf(exported)
      for (const [own, request, handled] of [
        ["open", "Mount", "mount"],
        ["sleep", "Call", "Sleep"],
        ["click", "Call", "Look"]
      ] as const) {
        const root = only(spans, "page", own)
        const sent = only(
          spans.filter(({ traceId }) => traceId === root.traceId),
          "page",
          `LiveClient.${request}`
        )
        assert.strictEqual(sent.parentSpanId, root.spanId)
        assert.deepInclude(only(spans, "clinic", `Patient.${handled}`), {
          traceId: root.traceId,
          parentSpanId: sent.spanId
        })
      }
      // The second waits for the first.
      const [first, second] = [only(spans, "clinic", "Patient.Sleep"), only(spans, "clinic", "Patient.Look")]
      const handled = BigInt(second.events.find(({ name }) => name === "handled")?.timeUnixNano ?? 0)
      const [start, end] = [BigInt(second.startTimeUnixNano), BigInt(second.endTimeUnixNano)]
      assert.isTrue(start < BigInt(first.endTimeUnixNano) && handled >= BigInt(first.endTimeUnixNano))
      assert.approximately(Number(second.attributes["fibra.wait_ms"]), Number(handled - start) / 1e6, 0.001)
      assert.approximately(Number(second.attributes["fibra.run_ms"]), Number(end - handled) / 1e6, 0.001)
    }).pipe(Effect.scoped)
)

it.live("a file that a page sends is in the trace of its own span, up to the handler", () =>
  Effect.gen(function* () {
    const { exported, url } = yield* collector
    const use = Effect.gen(function* () {
      const album = yield* (yield* LiveClient).mount(Album, {})
      const bytes = Buffer.from("what is in the file")
      const sending = Effect.flatMap(
        album.upload("any", bytes, { name: "a.txt", type: "text/plain" }),
        ({ result }) => result
      )
      yield* Effect.withSpan(sending, "send")
    })
    const served = Effect.flatMap(port, (at) => Effect.provide(use, Layer.fresh(page(url, at))))
    yield* Effect.scoped(Effect.provide(served, server(url)))
    const spans = spansOf(exported)
    const ofPage = (name: string) => only(spans, "page", name)
    const [send, start, upload] = [
      ofPage("send"),
      ofPage("LiveClient.UploadStart"),
      only(spans, "clinic", "Album.any.upload")
    ]
    assert.deepInclude(start, { traceId: send.traceId, parentSpanId: send.spanId })
    assert.deepInclude(upload, { traceId: send.traceId, parentSpanId: start.spanId })
    const handled = spans.filter(({ parentSpanId }) => parentSpanId === upload.spanId)
    assert.deepStrictEqual(
      handled.map(({ service, traceId }) => [service, traceId]),
      [["clinic", send.traceId]]
    )
    assert.property(handled[0]?.attributes, "fibra.wait_ms")
  }).pipe(Effect.scoped)
)

interface Attribute {
  readonly key: string
  readonly value: object
}

interface Sent {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<Attribute>
  readonly events: ReadonlyArray<{ readonly name: string; readonly timeUnixNano: string }>
}

interface Span extends Omit<Sent, "attributes"> {
  readonly service: string
  readonly attributes: { readonly [name: string]: unknown }
}

interface Traces {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Sent> }>
  }>
}
