/** The devtools of one page: they look at its client while they are on it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Live } from "../store/Live.ts"
import { Inspector } from "./Inspector.ts"
import { Panel } from "./Panel.ts"
import type { Disturbance, TimeAndChance } from "./Simulator.ts"
import * as SimulatorSettings from "./SimulatorSettings.ts"

/** What may be said of the devtools. */
export interface DevtoolsOptions {
  /**
   * The address of the dashboard, for links to instances. By default `dashboard/` beside the address that the page connects to:
   * `/api/live/dashboard/`. With false there are no links.
   */
  readonly dashboard?: string | false | undefined
  /** Whether messages and calls are kept from the beginning, and not only since the panel was opened for the first time (false). */
  readonly record?: boolean | undefined
}

/** Shows the devtools of a client, until the function returned is called. */
export const show = ({ client }: Pick<Live, "client">, options: DevtoolsOptions): (() => void) => {
  const { release, value } = client.retain()
  let stop = () => {}
  const opening = Effect.runFork(
    Effect.gen(function* () {
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const source = yield* value
      const time = yield* ofPage
      const inspector = new Inspector(source, time, () => panel.changed())
      const { connection } = inspector
      const isOffline = () => inspector.simulator.settings.offline
      const disturb = (settings: Disturbance) => {
        const wasOffline = isOffline()
        inspector.disturb(settings)
        // Without a network there is no connection, and with one again there is.
        if (wasOffline !== isOffline()) run(wasOffline ? connection.retry : connection.reconnect)
      }
      const panel: Panel = new Panel({
        inspector,
        time,
        addressOf: (id) => addressOf(options.dashboard, connection.slot?.url, id),
        onOpen: () => inspector.record(),
        onDisturb: (settings) => {
          disturb(settings)
          SimulatorSettings.write(sessionStorageOfPage(), settings)
          panel.draw()
        }
      })
      if (options.record === true) inspector.record()
      disturb(SimulatorSettings.read(sessionStorageOfPage()))
      const stops = [connection.monitor.listen(() => panel.changed()), connection.timing.listen(() => panel.changed())]
      stop = () => {
        stops.forEach((each) => each())
        panel.remove()
        inspector.leave()
      }
    })
  )
  return () => {
    opening.interruptUnsafe()
    stop()
    release()
  }
}

const ofPage: Effect.Effect<TimeAndChance> = Effect.gen(function* () {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const monotonic = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  // The wall clock may be set back while something is under way.
  const epoch = clock.currentTimeMillisUnsafe() - monotonic()
  return {
    now: () => epoch + monotonic(),
    after: (millis, then) => {
      const fiber = run(Effect.andThen(Effect.sleep(millis), Effect.sync(then)))
      return () => fiber.interruptUnsafe()
    },
    random: () => random.nextDoubleUnsafe()
  }
})

/** Reading it throws where a page may have none. */
const sessionStorageOfPage = (): SimulatorSettings.SettingsStorage => {
  try {
    return sessionStorage
  } catch {
    return undefined
  }
}

/** Where the dashboard shows an instance; undefined where it is not known where that is. */
export const addressOf = (
  dashboard: string | false | undefined,
  server: string | undefined,
  componentId: string
): string | undefined => {
  if (dashboard === false || (dashboard === undefined && server === undefined)) return undefined
  const page = dashboard ?? new URL("dashboard/", server?.replace(/^ws/, "http")).href
  return `${page}#/instances/${encodeURIComponent(componentId)}`
}
