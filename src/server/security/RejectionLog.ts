/**
 * The log of what clients are refused. Anybody can make as many lines of it as they like; so of each kind one is written at once, and
 * then one in ten seconds, which says how many were left out. Metrics count all of them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Log from "../../Log.ts"
import * as Monotonic from "../../actor/Monotonic.ts"

/** Milliseconds between two lines of one kind. */
const interval = 10_000

/** One kind of line: when it was written last, and how many were left out since. */
interface Line {
  writtenAt: number
  omitted: number
}

type Lines = Map<string, Line>

/** The lines of this server, by their kind; undefined where nobody limits them. */
const Written = Context.Reference<Lines | undefined>("fibra/server/RejectionLog", { defaultValue: () => undefined })

/** What is built with this limits its lines. */
export const layer: Layer.Layer<never> = Layer.sync(Written, () => new Map())

/** For what runs elsewhere than where it is built: the lines are still those of this server. */
export const bound: Effect.Effect<<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>> = Effect.map(
  Written,
  (lines) => (effect) => Effect.provideService(effect, Written, lines)
)

/** Writes a line, unless one of its kind was written just now. There must not be more kinds than the code and the contracts name. */
export const limited = (kind: string, log: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(Written, (lines) =>
    lines === undefined ? log : Effect.flatMap(Monotonic.millis, (now) => write(lines, kind, now, log))
  )

const write = (lines: Lines, kind: string, now: number, log: Effect.Effect<void>): Effect.Effect<void> => {
  const line = lines.get(kind)
  if (line !== undefined && now - line.writtenAt < interval) {
    line.omitted++
    return Effect.void
  }
  lines.set(kind, { writtenAt: now, omitted: 0 })
  return line === undefined || line.omitted === 0 ? log : Log.about({ omitted: line.omitted }, log)
}
