/** Spans of requests, for clients that are traced: a page has no use for them. */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** Makes a request of this kind within a span of its own. */
export type RequestTracer = <A, E>(tag: string, ask: (span: Tracer.Span) => Effect.Effect<A, E>) => Effect.Effect<A, E>

const trace: RequestTracer = (tag, ask) =>
  Effect.useSpan(
    `LiveClient.${tag}`,
    { kind: "client", attributes: { "rpc.system.name": "effect_rpc", "rpc.method": tag } },
    ask
  )

/** Where a tracer is set, each request is a span, and the server links its spans to it. */
export const tracer: Effect.Effect<RequestTracer | undefined> = Effect.map(Effect.service(Tracer.Tracer), (tracer) =>
  tracer === Tracer.nativeTracer ? undefined : trace
)
