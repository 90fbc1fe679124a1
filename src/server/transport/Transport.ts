/**
 * Connections, whatever speaks over them: each has one outbox that is flushed at most once per turn of the event loop, all of
 * them by one shared callback. It takes care of heartbeats, idle connections, readers that are too slow and writers that are too
 * fast, and knows neither components nor messages; a front gives it text and gets text.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as LiveConfig from "../LiveConfig.ts"
import * as Monotonic from "../../actor/Monotonic.ts"
import { Listeners } from "../../Listeners.ts"
import type { Principal } from "../../Principal.ts"
import { Connection, type ConnectionInfo, type Connections, type WireProtocol } from "./Connection.ts"
import type { FrameWriter } from "./FrameWriter.ts"
import { Pulse } from "./Pulse.ts"
import { TokenBucket } from "./TokenBucket.ts"

/** The connections of one server and the one callback that flushes them. */
class Outboxes implements Connections {
  readonly config: LiveConfig.Settings
  readonly connections = new Set<Connection>()
  /** Those that nothing was heard from, and since when, in that order. */
  readonly silent = new Map<Connection, number>()
  readonly allowances: TokenBucket
  readonly patience: TokenBucket
  now: number
  /** They want to look again when something has happened. */
  readonly watchers: Listeners
  #dirty: Array<Connection> = []
  #last = 0
  readonly #begun: number
  readonly #beats: Pulse
  readonly #looks: Pulse
  readonly #clock: Clock.Clock
  readonly #log: (defect: unknown) => void

  constructor(config: LiveConfig.Settings, clock: Clock.Clock, log: (defect: unknown) => void) {
    this.config = config
    this.#clock = clock
    this.now = this.#begun = Monotonic.millisUnsafe(clock)
    this.#log = log
    this.watchers = new Listeners(log)
    const { firstMessageTimeout, heartbeat, rate, rateBurst, rateTolerance } = config
    this.#beats = new Pulse(Duration.toMillis(heartbeat), this.now)
    this.#looks = new Pulse(Duration.toMillis(firstMessageTimeout) * lookingShare, this.now)
    this.allowances = new TokenBucket({ rate, burst: rateBurst })
    this.patience = new TokenBucket({ rate, burst: rateTolerance })
  }

  get age(): number {
    return this.now - this.#begun
  }

  tick(): void {
    this.now = Monotonic.millisUnsafe(this.#clock)
  }

  beat(): void {
    this.tick()
    const isLate = this.#beats.isLate(this.now)
    for (const connection of this.connections) connection.beat(isLate)
  }

  attach(protocol: WireProtocol, writer: FrameWriter, principal: Principal | undefined): Connection {
    this.tick()
    const connection = new Connection(++this.#last, writer, principal, this)
    this.connections.add(connection)
    this.silent.set(connection, this.now)
    connection.start(protocol)
    return connection
  }

  spoke(connection: Connection): void {
    if (this.silent.size > 0) this.silent.delete(connection)
  }

  failed(connection: Connection, defect: unknown): void {
    this.#log(defect)
    connection.end(1011, "The server failed on this connection")
  }

  remove(connection: Connection): void {
    this.connections.delete(connection)
    this.silent.delete(connection)
    this.happened()
  }

  /** Ends those that have been silent since they came, for so many milliseconds. */
  endSilent(timeout: number): void {
    this.tick()
    // What they have said may not have been heard yet.
    if (this.#looks.isLate(this.now)) return
    for (const [connection, since] of this.silent) {
      if (since + timeout > this.now) return
      connection.end(1008, "No message came")
    }
  }

  happened(): void {
    this.watchers.tell()
  }

  schedule(connection: Connection): void {
    this.#dirty.push(connection)
    if (this.#dirty.length === 1) setImmediate(this.flush)
  }

  readonly flush = (): void => {
    const dirty = this.#dirty
    this.#dirty = []
    for (const connection of dirty) connection.flush()
  }
}

/** The connections of one server. */
export class Transport extends Context.Service<
  Transport,
  {
    /** A new connection over this link, of this principal. */
    readonly attachUnsafe: (protocol: WireProtocol, writer: FrameWriter, principal: Principal | undefined) => Connection
    /** Tells every connection that the server is going to end; from now on there are to be no new ones. */
    readonly drainUnsafe: () => void
    readonly isDraining: () => boolean
    /** Ends the connections of a principal. */
    readonly endUnsafe: (principal: string, code: number, reason: string) => void
    /** Waits until every client knows that the server is going to end. */
    readonly known: Effect.Effect<void>
    /** Waits until everything that was said has been written. */
    readonly written: Effect.Effect<void>
    /** Flushes now what would be flushed at the end of this turn. */
    readonly flushUnsafe: () => void
    readonly list: Effect.Effect<ReadonlyArray<ConnectionInfo>>
    /** How many there are. */
    readonly size: Effect.Effect<number>
  }
>()("fibra/server/Transport") {}

/** The part of `firstMessageTimeout` by which it may be exceeded. */
const lookingShare = 0.1

/** How long a client may take to answer the closing handshake. */
const closing = Duration.seconds(1)

/** No connection at first; heartbeats until the Scope closes, and then every connection is closed with 1001. */
export const layer: Layer.Layer<Transport> = Layer.effect(
  Transport,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const log = (defect: unknown) => runFork(Effect.logError("A connection failed", defect))
    const outboxes = new Outboxes(config, yield* Clock.Clock, log)

    yield* Effect.forkScoped(
      Effect.schedule(
        Effect.sync(() => outboxes.beat()),
        Schedule.spaced(config.heartbeat)
      )
    )
    const timeout = Duration.toMillis(config.firstMessageTimeout)
    if (timeout < Infinity) {
      const endSilent = Effect.sync(() => outboxes.endSilent(timeout))
      yield* Effect.forkScoped(Effect.schedule(endSilent, Schedule.spaced(Duration.millis(timeout * lookingShare))))
    }

    let draining = false
    /** Waits until this holds for every connection. */
    const until = (holds: (connection: Connection) => boolean): Effect.Effect<void> => {
      const look = () => {
        outboxes.flush()
        return Array.from(outboxes.connections).every(holds)
      }
      // A socket does not say when its last byte has left, so that is looked at now and then.
      const polled = Effect.repeat(Effect.sync(look), { until: (done) => done, schedule: Schedule.spaced("5 millis") })
      const told = Effect.callback<void>((resume) => {
        const stop = outboxes.watchers.add(() => {
          if (look()) resume(Effect.void)
        })
        return Effect.sync(stop)
      })
      return Effect.asVoid(Effect.raceFirst(polled, told))
    }

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        outboxes.flush()
        for (const connection of outboxes.connections) connection.writer.close(1001, "The server is shutting down")
        const closed = Effect.timeoutOption(Effect.interruptible(until(() => false)), closing)
        return Effect.andThen(
          closed,
          Effect.sync(() => outboxes.connections.forEach(({ writer }) => writer.terminate()))
        )
      })
    )

    return Transport.of({
      attachUnsafe: (protocol, writer, principal) => outboxes.attach(protocol, writer, principal),
      drainUnsafe: () => {
        draining = true
        for (const connection of outboxes.connections) connection.draining()
      },
      isDraining: () => draining,
      endUnsafe: (principal, code, reason) => {
        for (const connection of outboxes.connections) {
          if (connection.principal?.id === principal) connection.end(code, reason)
        }
      },
      known: until((connection) => connection.knows),
      written: until(({ writer }) => writer.bufferedUnsafe() === 0),
      flushUnsafe: outboxes.flush,
      list: Effect.map(Monotonic.epoch, (epoch) => Array.from(outboxes.connections, (each) => each.info(epoch))),
      size: Effect.sync(() => outboxes.connections.size)
    })
  })
)
