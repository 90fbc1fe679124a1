/**
 * The connections of one server, whatever their wires. Each has one outbox, which is flushed at most once per turn of
 * the event loop, by one callback that all share. It handles heartbeats, idle connections, clients that read too
 * slowly and clients that send too fast. It knows neither components nor messages.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Log from "../../Log.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as Monotonic from "../../actor/Monotonic.ts"
import { Listeners } from "../../Listeners.ts"
import type { Principal } from "../../Principal.ts"
import { activeWithin, type PoolInfo, poolInfo } from "./PoolInfo.ts"
import { type ConnectionPool, ConnectionPools } from "./ConnectionPools.ts"
import type { ConnectionInfo } from "./ConnectionInfo.ts"
import { Connection, type Connections, type Peer, type WireProtocol } from "./Connection.ts"
import type { FrameWriter } from "./FrameWriter.ts"
import { Pulse } from "./Pulse.ts"
import { TokenBucket } from "./TokenBucket.ts"

/**
 * Connections that are flushed in one turn. Between two turns the server reads: many subscribers do not keep it from
 * others, and what is published meanwhile is written to those that follow together with what came before.
 */
const flushedAtOnce = 128

/** The connections, and the callback that flushes them. */
class Outboxes implements Connections {
  readonly config: LiveConfig.Settings
  readonly connections = new Set<Connection>()
  readonly pools: ConnectionPools
  /** Connections that have sent no message yet, in the order in which they were opened, and since when. */
  readonly silent = new Map<Connection, number>()
  readonly allowances: TokenBucket
  readonly mountAllowances: TokenBucket
  readonly patience: TokenBucket
  now: number
  /** Called when a message came in or a connection is gone. */
  readonly watchers: Listeners
  /** Connections with something to write, and whether they are about to be flushed. */
  #dirty: Array<Connection> = []
  #isDue = false
  #last = 0
  readonly #begun: number
  readonly #beats: Pulse
  readonly #looks: Pulse
  readonly #clock: Clock.Clock
  readonly #log: (defect: unknown) => void

  constructor(config: LiveConfig.Settings, clock: Clock.Clock, log: (defect: unknown) => void) {
    this.config = config
    this.pools = new ConnectionPools(config)
    this.#clock = clock
    this.now = this.#begun = Monotonic.millisUnsafe(clock)
    this.#log = log
    this.watchers = new Listeners(log)
    const { firstMessageTimeout, heartbeat, maxComponents, rate, rateBurst, rateTolerance } = config
    this.#beats = new Pulse(Duration.toMillis(heartbeat), this.now)
    this.#looks = new Pulse(Duration.toMillis(firstMessageTimeout) * lookingShare, this.now)
    this.allowances = new TokenBucket({ rate, burst: rateBurst })
    // A page mounts everything that it shows at once. What it mounts beyond what it may have is refused for that.
    this.mountAllowances = new TokenBucket({ rate, burst: maxComponents + rateBurst })
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
    const since = this.#beats.beat(this.now)
    const isLate = this.#beats.isLate(since)
    for (const connection of this.connections) connection.beat(isLate, since)
  }

  attach(protocol: WireProtocol, writer: FrameWriter, peer: Omit<Peer, "pool">): Connection {
    this.tick()
    const connection = new Connection(++this.#last, writer, { ...peer, pool: this.pools.enter() }, this)
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
    if (this.connections.delete(connection)) connection.pool.leave()
    this.silent.delete(connection)
    this.happened()
  }

  /**
   * Asks connections that have sent no message for a sign of life, and closes those that have given none within so many
   * milliseconds.
   */
  lookAtSilent(timeout: number): void {
    this.tick()
    // Their messages may not have been read yet.
    if (this.#looks.isLate(this.#looks.beat(this.now))) return
    for (const [connection, since] of this.silent) {
      if (since + timeout > this.now) connection.askOnce()
      else if (!connection.isArriving(this.now - since)) connection.end(1008, "No message came")
    }
  }

  happened(): void {
    this.watchers.tell()
  }

  schedule(connection: Connection): void {
    this.#dirty.push(connection)
    this.#due()
  }

  #due(): void {
    if (this.#isDue || this.#dirty.length === 0) return
    this.#isDue = true
    setImmediate(this.#flushNext)
  }

  readonly #flushNext = (): void => {
    this.#isDue = false
    this.#flush(flushedAtOnce)
    this.#due()
  }

  /** Flushes all connections now. */
  readonly flush = (): void => this.#flush(Infinity)

  #flush(atMost: number): void {
    this.tick()
    const dirty = this.#dirty
    this.#dirty = dirty.slice(atMost)
    for (const connection of dirty.slice(0, atMost)) connection.flush()
  }
}

/** The connections of one server. */
export class Transport extends Context.Service<
  Transport,
  {
    /** Opens a connection of this principal, from this address if that is known, on this writer. */
    readonly attachUnsafe: (
      protocol: WireProtocol,
      writer: FrameWriter,
      principal: Principal | undefined,
      address?: string
    ) => Connection
    /** Tells every client that the server is about to end. No connections must be opened after that. */
    readonly drainUnsafe: () => void
    readonly isDraining: () => boolean
    /**
     * Empties a pool while the server goes on: its clients are told to connect again, their requests are answered, and
     * they are closed with 1001. False when there is no such pool; true at once when it is being emptied already.
     */
    readonly drainPool: (id: string) => Effect.Effect<boolean>
    /** Closes the connections of a principal. */
    readonly endUnsafe: (principal: string, code: number, reason: string) => void
    /** Waits until every client knows that the server is about to end. */
    readonly known: Effect.Effect<void>
    /** Waits until everything has been written. */
    readonly written: Effect.Effect<void>
    /** Flushes now, and not at the end of this turn. */
    readonly flushUnsafe: () => void
    readonly list: Effect.Effect<ReadonlyArray<ConnectionInfo>>
    readonly pools: Effect.Effect<ReadonlyArray<PoolInfo>>
    /** The number of connections. */
    readonly size: Effect.Effect<number>
    /** How many of them have asked for something, or were sent a change, in the last minute. */
    readonly active: Effect.Effect<number>
  }
>()("fibra/server/Transport") {}

/** The part of `firstMessageTimeout` that it may be exceeded by, and after which a client that says nothing is asked. */
const lookingShare = 0.1

/** How long clients may take to answer the closing handshake. */
const closing = Duration.seconds(1)

/** Sends heartbeats until the Scope closes, and then closes every connection with 1001. */
export const layer: Layer.Layer<Transport> = Layer.effect(
  Transport,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const log = (cause: unknown) => runFork(Log.error("A connection failed", { cause }))
    const outboxes = new Outboxes(config, yield* Clock.Clock, log)

    yield* Effect.forkScoped(
      Effect.schedule(
        Effect.sync(() => outboxes.beat()),
        Schedule.spaced(config.heartbeat)
      )
    )
    const timeout = Duration.toMillis(config.firstMessageTimeout)
    if (timeout < Infinity) {
      const look = Effect.sync(() => outboxes.lookAtSilent(timeout))
      yield* Effect.forkScoped(Effect.schedule(look, Schedule.spaced(Duration.millis(timeout * lookingShare))))
    }

    let draining = false
    /** Waits until this holds for each of these connections. */
    const untilOf = (
      connections: () => ReadonlyArray<Connection>,
      holds: (connection: Connection) => boolean
    ): Effect.Effect<void> => {
      const look = () => {
        outboxes.flush()
        return connections().every(holds)
      }
      // A socket does not report that its last byte has left, so it is polled.
      const polled = Effect.repeat(Effect.sync(look), { until: (done) => done, schedule: Schedule.spaced("5 millis") })
      const told = Effect.callback<void>((resume) => {
        const stop = outboxes.watchers.add(() => {
          if (look()) resume(Effect.void)
        })
        return Effect.sync(stop)
      })
      return Effect.asVoid(Effect.raceFirst(polled, told))
    }
    const all = () => Array.from(outboxes.connections)
    const until = (holds: (connection: Connection) => boolean): Effect.Effect<void> => untilOf(all, holds)

    const drainPool = (pool: ConnectionPool): Effect.Effect<void> =>
      Effect.suspend(() => {
        pool.isDraining = true
        const leaving = all().filter((connection) => connection.pool === pool)
        const open = () => leaving.filter(({ isOpen }) => isOpen)
        for (const connection of leaving) connection.draining()
        return untilOf(open, (connection) => connection.knows && connection.isServed).pipe(
          Effect.timeoutOption(config.drainTimeout),
          Effect.andThen(Effect.sync(() => open().forEach((each) => each.end(1001, "The connection is moved")))),
          Effect.ensuring(Effect.sync(() => void (pool.isDraining = false)))
        )
      })

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
      attachUnsafe: (protocol, writer, principal, address) => outboxes.attach(protocol, writer, { principal, address }),
      drainUnsafe: () => {
        draining = true
        for (const connection of outboxes.connections) connection.draining()
      },
      isDraining: () => draining,
      drainPool: (id) =>
        Effect.suspend(() => {
          const pool = outboxes.pools.find(id)
          if (pool === undefined || pool.isDraining) return Effect.succeed(pool !== undefined)
          return Effect.as(drainPool(pool), true)
        }),
      endUnsafe: (principal, code, reason) => {
        for (const connection of outboxes.connections) {
          if (connection.principal?.id === principal) connection.end(code, reason)
        }
      },
      known: until((connection) => connection.knows),
      written: until(({ writer }) => writer.bufferedUnsafe() === 0),
      flushUnsafe: outboxes.flush,
      list: Effect.map(Monotonic.epoch, (epoch) => {
        outboxes.tick()
        return Array.from(outboxes.connections, (each) => each.info(epoch))
      }),
      pools: Effect.sync(() => {
        outboxes.tick()
        return poolInfo(outboxes.pools, outboxes.connections)
      }),
      size: Effect.sync(() => outboxes.connections.size),
      active: Effect.sync(() => {
        outboxes.tick()
        let active = 0
        for (const connection of outboxes.connections) if (connection.isActive(activeWithin)) active++
        return active
      })
    })
  })
)
