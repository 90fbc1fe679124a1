// #region behavior
import { monitorEventLoopDelay, performance } from "node:perf_hooks"
import process from "node:process"
import { Clock, Effect, Schedule } from "effect"
import { SystemMonitor } from "./SystemMonitor.ts"

/** Samples that are kept: of half a minute. */
const most = 300

/** Milliseconds between the looks at the event loop, which are in what it measures. */
const resolution = 10

const round = (value: number) => Math.round(value * 10) / 10

export const SystemMonitorLayer = SystemMonitor.toLayer(
  Effect.gen(function* () {
    const self = yield* SystemMonitor
    // Goes with the instance, some time after the last page that watches.
    const delays = yield* Effect.acquireRelease(
      Effect.sync(() => monitorEventLoopDelay({ resolution })),
      (delays) => Effect.sync(() => delays.disable())
    )
    delays.enable()
    let before = { at: performance.now(), cpu: process.cpuUsage() }
    const measure = Effect.map(Clock.currentTimeMillis, (at) => {
      const now = { at: performance.now(), cpu: process.cpuUsage(before.cpu) }
      const cpu = (now.cpu.user + now.cpu.system) / 10 / Math.max(1, now.at - before.at)
      const lag = Math.max(0, delays.max / 1e6 - resolution)
      delays.reset()
      before = { at: now.at, cpu: process.cpuUsage() }
      return { at, cpu: round(cpu), memory: process.memoryUsage.rss(), lag: round(lag) }
    })
    const sample = Effect.flatMap(measure, (sample) =>
      self.update(({ samples }) => ({ samples: [...samples.slice(1 - most), sample] }))
    )
    yield* sample.pipe(Effect.repeat(Schedule.spaced("100 millis")), Effect.forkScoped)
    return SystemMonitor.of({})
  })
)
// #endregion behavior
