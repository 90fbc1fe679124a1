/** A tracer that keeps the spans that are made with it. */
import { assert } from "@effect/vitest"
import { Context, Effect, Layer, Tracer } from "effect"

/** Spans that have begun, and how they have ended. */
export class Recorded extends Context.Service<Recorded, Array<Tracer.NativeSpan>>()("test/Recorded") {
  static readonly layer = Layer.effectContext(
    Effect.sync(() => {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      return Context.make(Recorded, spans).pipe(Context.add(Tracer.Tracer, tracer))
    })
  )
}

/** Those of this name, of which there is at least one. */
export const named = (name: string) =>
  Effect.map(Recorded, (spans) => {
    const found = spans.filter((span) => span.name === name)
    assert.isNotEmpty(found, `${name} among ${spans.map((span) => span.name).join(", ")}`)
    return found
  })

/** The one of this name. */
export const only = (name: string) =>
  Effect.map(named(name), ([span, ...others]) => {
    assert.lengthOf(others, 0)
    return span as Tracer.NativeSpan
  })

/** How a span has ended; undefined while it has not. */
export const endOf = ({ status }: Tracer.NativeSpan): "Success" | "Failure" | undefined =>
  status._tag === "Ended" ? status.exit._tag : undefined
