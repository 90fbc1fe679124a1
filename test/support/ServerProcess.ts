/** A server in a process of its own, which ends with the Scope that started it, whatever becomes of the test. */
import { type ChildProcess, fork } from "node:child_process"
import { Effect, type Scope } from "effect"
import * as ServerBundle from "./ServerBundle.ts"

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A server that listens. */
export interface ServerProcess {
  readonly port: number
  /** The time at which it said that it listens, as `performance.now` has it. */
  readonly since: number
  /** What it has printed. */
  readonly output: () => string
  /** Sends a signal, and does not wait. */
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Sends a signal, and waits until the process has ended. */
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<Ended>
}

/** What is started, and how. */
export interface Options {
  /** It provides `listening`. */
  readonly file: URL
  /** For Node itself. */
  readonly flags?: ReadonlyArray<string>
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A secret that outlives processes. */
const FIBRA_SECRET = "a secret for tests that is long enough to be one"

const running = new Set<ChildProcess>()
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")))

/** Starts a server; done when it listens. */
export const start = ({ env, file, flags, port }: Options): Effect.Effect<ServerProcess, never, Scope.Scope> =>
  Effect.flatMap(
    Effect.acquireRelease(
      Effect.map(
        Effect.promise(() => ServerBundle.of(file)),
        (bundle) => {
          const child = fork(bundle, {
            execArgv: [...(flags ?? [])],
            env: { ...process.env, FIBRA_SECRET, ...(port === undefined ? {} : { PORT: String(port) }), ...env },
            stdio: ["ignore", "pipe", "pipe", "ipc"]
          })
          running.add(child)
          child.once("exit", () => running.delete(child))
          return child
        }
      ),
      (child) => end(child, "SIGKILL")
    ),
    (child) =>
      Effect.callback<ServerProcess>((resume) => {
        let printed = ""
        for (const [from, to] of [
          [child.stdout, process.stdout],
          [child.stderr, process.stderr]
        ] as const) {
          from?.on("data", (data: Buffer) => {
            printed += data.toString()
            to.write(data)
          })
        }
        child.once("exit", (code, signal) =>
          resume(Effect.die(new Error(`The server ended before it listened (${signal ?? code})`)))
        )
        child.once("message", (port: number) =>
          resume(
            Effect.succeed({
              port,
              since: performance.now(),
              output: () => printed,
              signal: (signal) => Effect.sync(() => void child.kill(signal)),
              end: (signal) => end(child, signal)
            })
          )
        )
      })
  )

const end = (child: ChildProcess, signal: NodeJS.Signals): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const ended = () => resume(Effect.succeed({ code: child.exitCode, signal: child.signalCode }))
    if (!running.has(child)) return ended()
    child.once("close", ended)
    child.kill(signal)
  })
