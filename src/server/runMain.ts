/**
 * Runs a Layer as the program of a process that ends when it is asked to: in order, and within `drainTimeout` whatever
 * becomes of it. Node's own signals, and so nothing that a virtual clock could move.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { constants } from "node:os"
import { inline } from "../ErrorText.ts"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import * as ProcessEnd from "./ProcessEnd.ts"

/** How much longer than `drainTimeout` the process may take. */
const margin = Duration.millis(250)

/** A signal that follows another within this time is the same: npm and a terminal both pass Ctrl-C on. */
const sameSignal = Duration.millis(500)

const signals = ["SIGINT", "SIGTERM"] as const

/**
 * Launches a Layer as the program of this process, which then:
 *
 * - ends with exit code 0 on SIGTERM and SIGINT, when everything has ended in order;
 * - ends with 1, after `drainTimeout`, when something has not: a driver that waits for its database, the finalizer of a
 *   Layer that hangs. What it was is in the log;
 * - ends at once on a second signal, with 130 or 143;
 * - ends with 1 when it does not start, and says in one line what has to be corrected.
 *
 * `NodeRuntime.runMain` knows no time at which a process has to have ended, and gives 130 on a signal.
 *
 * <!-- snippet: examples/counter/main.ts#main -->
 *
 * ```ts
 * import { Layer } from "effect"
 * import { LiveConfig, LiveServer } from "fibra/server"
 * import { Counter } from "./Counter.ts"
 * import { CounterLayer } from "./CounterLayer.ts"
 *
 * LiveServer.layerHttp({ components: [Counter] }).pipe(
 *   Layer.provide([CounterLayer, LiveConfig.layerConfig]),
 *   LiveServer.runMain
 * )
 * ```
 */
export const runMain = <A, E>(layer: Layer.Layer<A, E>): void => {
  const end = new ProcessEnd.ProcessEnd()
  let isAsked = false
  let isLater = false
  for (const signal of signals) {
    process.on(signal, () => {
      if (isLater) process.exit(128 + constants.signals[signal])
      if (isAsked) return
      isAsked = true
      Effect.runFork(
        Effect.delay(
          Effect.sync(() => (isLater = true)),
          sameSignal
        )
      )
      Effect.runFork(Effect.delay(giveUp(end), Duration.sum(end.drainTimeout, margin)))
    })
  }
  const reported = Effect.tapCause(Layer.launch(layer), (cause) => (hasEnded(cause) ? Effect.void : report(cause)))
  NodeRuntime.runMain(ProcessEnd.provide(reported, end), {
    disableErrorReporting: true,
    teardown: (exit, onExit) =>
      isAsked && Exit.isFailure(exit) && hasEnded(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)
  })
}

const hasEnded = (cause: Cause.Cause<unknown>): boolean => Cause.hasInterruptsOnly(cause)

/** Errors with a hint, and those of a `Config`, say in one line what has to be corrected; others need their stack. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const error = Cause.squash(cause)
  const hint = Thrown.hintOf(error)
  if (hint !== undefined) return Log.error(`${Thrown.describe(error)} ${hint}`)
  return error instanceof Config.ConfigError
    ? Log.error(inline(error.message))
    : Log.error("The program failed", { cause })
}

/** Ends the process, and says what it was that has not ended. */
const giveUp = (end: ProcessEnd.ProcessEnd): Effect.Effect<void> =>
  Effect.suspend(() =>
    Log.error(
      `The process was ended ${Duration.format(end.drainTimeout)} after it was asked to, before ` +
        (end.isServing
          ? "the live server had. Raise drainTimeout, or see what it says above."
          : "everything it uses had. The live server had; the finalizer of another Layer hangs, or waits for a service."),
      { open: resources() }
    ).pipe(Effect.provideContext(end.context))
  ).pipe(Effect.andThen(Effect.sync(() => void process.exit(1))))

/** What Node waits for, such as `TCPSocketWrap: 2`. */
const resources = (): string =>
  Object.entries(Object.groupBy(process.getActiveResourcesInfo(), (name) => name))
    .map(([name, all]) => `${name}: ${all?.length}`)
    .join(", ")
