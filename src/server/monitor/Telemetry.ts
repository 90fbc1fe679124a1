/**
 * Sends traces, metrics and logs of a server to a collector, by OTLP over HTTP. It is set up by the variables of
 * OpenTelemetry: `OTEL_EXPORTER_OTLP_ENDPOINT` is enough, and without it nothing is done.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

/** What OpenTelemetry means by no variables. */
const defaults = ConfigProvider.fromUnknown({
  OTEL_SERVICE_NAME: "fibra",
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "otlp"
})

/** Exports what is built with this until the Scope closes. */
export const layer: Layer.Layer<never> = Layer.provide(Otlp.layerFromConfig(), [
  FetchHttpClient.layer,
  OtlpSerialization.layerJson,
  ConfigProvider.layerAdd(defaults)
])
