/** Shows one instance, and does what somebody wants done with it. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Component from "../../../Component.ts"
import { InstanceDetail, type InstanceDetailReport, InstanceGone } from "../../../dashboard/InstanceDetail.ts"
import type { Times } from "../../instance/Figures.ts"
import * as Health from "../Health.ts"
import type { InstanceReport } from "../Reports.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"
import * as StateShape from "./StateShape.ts"

/** Characters of a state that are revealed. */
const maxRevealed = 64 * 1024

const timesOf = ({ average, max, p50, p95, p99 }: Times): InstanceDetailReport["run"] => ({
  average: round(average),
  p50: round(p50),
  p95: round(p95),
  p99: round(p99),
  max: round(max)
})

const reportOf = (report: InstanceReport): InstanceDetailReport => {
  const { figures, health, id: _, mailbox, readers, running, ...rest } = report
  const { actions, defects, failures, publish, renders, restarts, run, timeouts, updates, wait } = figures
  return {
    ...rest,
    key: rest.key ?? null,
    principal: rest.principal ?? null,
    health: health.status,
    reasons: health.reasons.map((reason) => Health.describe([reason])),
    mailbox: mailbox.depth,
    oldest: Math.round(mailbox.oldest),
    running: running === undefined ? null : { tag: running.tag, millis: Math.round(running.millis) },
    readers: readers.count,
    away: readers.away,
    behind: readers.behind,
    actions,
    failures,
    crashes: defects,
    timeouts,
    restarts,
    updates,
    renders,
    run: timesOf(run),
    wait: timesOf(wait),
    publish: timesOf(publish),
    created: Math.round(rest.created),
    accessed: Math.round(rest.accessed)
  }
}

/** One instance. */
export const layer: Layer.Layer<Component.BehaviorOf<InstanceDetail>, never, DashboardSource> = InstanceDetail.toLayer(
  Effect.gen(function* () {
    const self = yield* InstanceDetail
    const source = yield* DashboardSource
    const { id } = self.props
    const gone = () => new InstanceGone({ id })
    const recording = Effect.map(source.recorder.list, (all) => {
      const found = all.find((each) => each.id === id)
      if (found === undefined) return null
      const { crashedAt, isRecording, messages } = found
      return { isRecording, messages, crashedAt: crashedAt === undefined ? null : Math.round(crashedAt) }
    })
    const look = Effect.gen(function* () {
      const report = yield* source.instance(id).pipe(
        Effect.map(reportOf),
        Effect.catchTag("InstanceNotFound", () => Effect.succeed(null))
      )
      const now = source.stateUnsafe(id)
      const shape = now === undefined ? [] : StateShape.of(now.state)
      yield* self.set({ isKnown: true, report, shape, recording: yield* recording })
    })
    /** Logged before it is done, with what the instance was then. */
    const act = (message: string, caller: Parameters<typeof source.log>[1]) =>
      source.instance(id).pipe(
        Effect.mapError(gone),
        Effect.tap(({ component, key }) => source.log(message, caller, { instance: id, component, key }))
      )
    yield* refresh(look)
    return InstanceDetail.of({
      Restart: (_, caller) =>
        act("An instance is restarted from the dashboard", caller).pipe(
          Effect.andThen(Effect.mapError(source.restart(id), gone)),
          Effect.andThen(look)
        ),
      Stop: (_, caller) =>
        act("An instance is stopped from the dashboard", caller).pipe(
          Effect.andThen(Effect.mapError(source.stop(id), gone)),
          Effect.andThen(look)
        ),
      StartRecording: (_, caller) =>
        act("An instance is recorded from now on, as asked for in the dashboard", caller).pipe(
          Effect.andThen(source.recorder.start(id)),
          Effect.filterOrFail((found) => found, gone),
          Effect.andThen(look)
        ),
      StopRecording: (_, caller) =>
        act("An instance is not recorded any more, as asked for in the dashboard", caller).pipe(
          Effect.andThen(source.recorder.stop(id)),
          Effect.andThen(look)
        ),
      Reveal: (_, caller) =>
        act("The state of an instance is revealed in the dashboard", caller).pipe(
          Effect.flatMap(() => {
            const now = source.stateUnsafe(id)
            if (now === undefined) return Effect.fail(gone())
            const text = JSON.stringify(now.state, undefined, 2)
            const isCut = text.length > maxRevealed
            return Effect.succeed({ text: text.slice(0, maxRevealed), revision: now.revision, isCut })
          })
        )
    })
  })
)
