/** A server that is set up as OpenTelemetry says sends what it knows to a collector. */
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import { HttpServer } from "effect/http"
import { LiveServer, Secrets } from "fibra/server"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
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

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

const use = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const socket = yield* connect("port" in address ? address.port : 0)
  const patient = yield* socket.mount({ component: "Patient" })
  const call = { type: "CALL_ACTION", componentId: patient, traceparent: `00-${traceId}-${spanId}-01` }
  yield* socket.request({ ...call, action: "Look" })
})

it.live("spans with the trace of the client, and metrics, arrive at a collector by the time the server has ended", () =>
  Effect.gen(function* () {
    const { exported, url } = yield* collector
    const environment = ConfigProvider.layer(
      ConfigProvider.fromUnknown({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SERVICE_NAME: "clinic" })
    )
    const server = LiveServer.layerHttp({ components: [Patient], port: 0, host: "127.0.0.1" }).pipe(
      Layer.provide([PatientLayer, Secrets.layerRandom, Logger.layer([]), environment])
    )
    yield* Effect.scoped(Effect.provide(use, server))
    const sent = (path: string) =>
      exported
        .filter((each) => each.path === path)
        .map(({ body }) => body)
        .join("\n")
    const spans = exported
      .filter(({ path }) => path === "/v1/traces")
      .flatMap(({ body }) => (JSON.parse(body) as Traces).resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    const look = spans.find(({ name }) => name === "Patient.Look")
    assert.isDefined(look, `Patient.Look among ${spans.map(({ name }) => name).join(", ")}`)
    assert.deepInclude(look, { traceId, parentSpanId: spanId })
    const attributes = Object.fromEntries(look.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
    assert.isAtLeast(Number(attributes["fibra.wait_ms"]), 0)
    assert.isAtLeast(Number(attributes["fibra.run_ms"]), 0)
    assert.include(sent("/v1/traces"), "clinic")
    assert.include(sent("/v1/metrics"), "fibra_actions")
  }).pipe(Effect.scoped)
)

interface Traces {
  readonly resourceSpans: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{
      readonly spans: ReadonlyArray<{
        readonly name: string
        readonly traceId: string
        readonly parentSpanId?: string
        readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: object }>
      }>
    }>
  }>
}
