/**
 * Spans of mounts and of messages, one for each, linked to the span of the client. Without a tracer nothing is done.
 * The span of a message begins when it comes into the mailbox; the event `handled` says when its handler begins.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Message } from "../../actor/Message.ts"
import type { TraceContext } from "./TraceContext.ts"

/** The tracer that somebody has set. */
export const tracerOf = (context: Context.Context<never>): Tracer.Tracer | undefined => {
  const tracer = Context.get(context, Tracer.Tracer)
  return tracer === Tracer.nativeTracer ? undefined : tracer
}

/** Decides which traces that begin here are recorded: an even share of them. */
export class TraceSampler {
  readonly #share: number
  #due = 0

  /** `share` is from 0 to 1. */
  constructor(share: number) {
    this.#share = share
  }

  /** Whether the next trace is recorded. */
  next(): boolean {
    this.#due += this.#share
    if (this.#due < 1) return false
    this.#due -= 1
    return true
  }
}

/** Runs an effect in a span, if somebody listens. */
export const around = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  {
    attributes,
    name,
    sampler,
    trace
  }: {
    readonly name: string
    readonly trace: TraceContext | undefined
    readonly sampler: TraceSampler
    readonly attributes: { readonly [name: string]: unknown }
  }
): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) => {
    if (tracerOf(context) === undefined) return effect
    const origin =
      trace === undefined ? { root: true, sampled: sampler.next() } : { parent: Tracer.externalSpan(trace) }
    const options = { kind: "server", attributes, captureStackTrace: false, ...origin } as const
    return Effect.withSpan(effect, name, options) as Effect.Effect<A, E, R>
  })

/** The span that an effect runs in, for a message that it sends; undefined where nobody traces. */
export const current: Effect.Effect<TraceContext | undefined> = Effect.map(
  Effect.serviceOption(Tracer.ParentSpan),
  Option.getOrUndefined
)

/** The parent of what a handler does in a trace that is not recorded. */
const unrecorded = Tracer.externalSpan({ traceId: "f".repeat(32), spanId: "f".repeat(16), sampled: false })

/** What a span says of its instance. */
export type SpanLabels = {
  readonly component: string
  readonly instance: string
  readonly key: string | undefined
}

/** What the spans of all messages of a server need. */
export interface SpanHost {
  readonly clock: Clock.Clock
  /** The clock that messages are measured with, in microseconds. */
  readonly micros: () => number
  readonly sampler: TraceSampler
}

/** The span of a message, from the beginning of its handler. */
export class MessageSpan {
  /** The parent of the spans of the handler. */
  readonly parent: Tracer.AnySpan
  readonly #clock: Clock.Clock
  readonly #begunAt: bigint

  constructor(tracer: Tracer.Tracer, { clock, micros, sampler }: SpanHost, message: Message, labels: SpanLabels) {
    const trace = message.trace as TraceContext | undefined
    this.#clock = clock
    this.#begunAt = clock.currentTimeNanosUnsafe()
    const sampled = trace === undefined ? sampler.next() : trace.sampled
    if (!sampled) {
      this.parent = trace === undefined ? unrecorded : Tracer.externalSpan(trace)
      return
    }
    const wait = message.queuedAt === 0 ? 0 : micros() - message.queuedAt
    const span = tracer.span({
      name: `${labels.component}.${message.tag}`,
      parent: trace === undefined ? Option.none() : Option.some(Tracer.externalSpan(trace)),
      annotations: Context.empty(),
      links: [],
      startTime: this.#begunAt - BigInt(Math.round(wait * 1000)),
      kind: "server",
      root: trace === undefined,
      sampled
    })
    for (const [name, label] of Object.entries(labels)) if (label !== undefined) span.attribute(`fibra.${name}`, label)
    span.attribute("fibra.wait_ms", wait / 1000)
    span.event("handled", this.#begunAt)
    this.parent = span
  }

  /** The handler has ended. */
  end(exit: Exit.Exit<unknown, unknown>): void {
    if (this.parent._tag !== "Span") return
    const now = this.#clock.currentTimeNanosUnsafe()
    this.parent.attribute("fibra.run_ms", Number(now - this.#begunAt) / 1e6)
    this.parent.end(now, exit)
  }
}
