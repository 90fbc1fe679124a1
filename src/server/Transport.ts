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
import * as LiveConfig from "./LiveConfig.ts"
import type { Principal } from "../Principal.ts"
import { type FullAt, RateLimit } from "./RateLimit.ts"

/** One message, ready to be written. */
export type Frame = Uint8Array | string

/** What a connection is written to: a socket, or its stand-in in a test. */
export interface Link {
  /** Frames of one kind are written by every link of that kind. */
  readonly kind: string
  readonly frame: (text: string) => Frame
  /** Several messages, to be written at once. */
  readonly frames: (texts: ReadonlyArray<string>) => Frame
  readonly write: (frame: Frame) => void
  /** Writes the messages of a batch, each of which begins with who hears it. */
  readonly writeTo: (hearer: string, batch: { readonly texts: ReadonlyArray<string> }) => void
  /** Whether what is written now leaves. */
  readonly isOpen: boolean
  /** Bytes written that have not left yet. */
  readonly bufferedUnsafe: () => number
  /** It says that it has drained only when more than this was buffered. */
  readonly drainsAbove: number
  readonly ping: () => void
  /** Stops and starts reading. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: (code: number, reason: string) => void
  /** Ends it without another word. */
  readonly terminate: () => void
}

/** One end of a wire protocol. */
export interface FrontSession {
  /** A message came in. */
  readonly receive: (text: string) => void
  /** The connection is open, so there may be something to say. */
  readonly opened?: () => void
  /** The client is asked for a sign of life, or has given it: what was sent before the question has arrived. */
  readonly pinged?: () => void
  readonly ponged?: () => void
  /** What there is to send may be sent now. */
  readonly flush: () => void
  /** The server is going to end; clients come back within so many milliseconds. */
  readonly draining: (within: number) => void
  /** Whether the client knows that the server is going to end, and asks for nothing more; true when it was not told. */
  readonly knows: () => boolean
  /** The connection is gone. */
  readonly closed: () => void
}

/** A wire protocol: for each connection its end of it. */
export interface Front {
  readonly open: (connection: Connection) => FrontSession
}

/** One connection. */
export class Connection {
  readonly id: number
  readonly link: Link
  readonly principal: Principal | undefined
  readonly #transport: Outboxes
  #front: FrontSession | undefined
  #scheduled = false
  #paused = false
  /** Heartbeats since the last sign of life. */
  #silent = 0
  #spoke = false
  /** What it may send. */
  #allowance: FullAt = 0
  /** What it may send beyond that, in vain. */
  #patience: FullAt = 0

  constructor(id: number, link: Link, principal: Principal | undefined, transport: Outboxes) {
    this.id = id
    this.link = link
    this.principal = principal
    this.#transport = transport
  }

  /** The front takes over. */
  start(front: Front): void {
    try {
      this.#front = front.open(this)
      this.#front.opened?.()
    } catch (defect) {
      failed(this, defect)
    }
  }

  /** Asks for a flush at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || this.#front === undefined) return
    this.#scheduled = true
    this.#transport.schedule(this)
  }

  /** Whether state may be written; what is not state is written anyway. */
  get hasRoom(): boolean {
    return this.link.bufferedUnsafe() < Math.max(this.#transport.config.highWaterMark, this.link.drainsAbove)
  }

  /** Writes what the front has. */
  flush(): void {
    this.#scheduled = false
    try {
      this.#front?.flush()
    } catch (defect) {
      failed(this, defect)
    }
    const buffered = this.link.bufferedUnsafe()
    const { maxBuffered, pauseMark } = this.#transport.config
    if (buffered > maxBuffered) return this.link.close(1013, "The client does not read what it asks for")
    if (buffered > pauseMark && !this.#paused) {
      this.#paused = true
      this.link.pause()
    }
  }

  /** Whether it is still heard. */
  get isOpen(): boolean {
    return this.#front !== undefined
  }

  /** A message came in. */
  receive(text: string): void {
    if (this.#front === undefined) return
    this.#silent = 0
    if (!this.#spoke) this.spoke()
    this.#transport.tick()
    try {
      this.#front.receive(text)
    } catch (defect) {
      failed(this, defect)
    }
    this.#transport.happened()
  }

  /** It has said something, if only with its request. */
  spoke(): void {
    this.#spoke = true
    this.#transport.silent.delete(this)
  }

  /**
   * Counts one message of those that came in; a front does so for each message of a frame, before it looks at it. 0: it may be done.
   * Otherwise it may not, and may be sent again after so many milliseconds. Whoever goes on in spite of that is cut off.
   */
  spend(): number {
    const { allowances, now, patience } = this.#transport
    const wait = allowances.wait(this.#allowance, now)
    if (wait === 0) {
      this.#allowance = allowances.take(this.#allowance, now)
      return 0
    }
    if (patience.wait(this.#patience, now) > 0) {
      // What was done, and what was refused, is told.
      this.flush()
      this.end(1008, "More was sent than may be")
      return Infinity
    }
    // Those that were refused before it come first.
    const after = Math.ceil(wait + patience.missing(this.#patience, now))
    this.#patience = patience.take(this.#patience, now)
    return after
  }

  /** A sign of life that is no message. */
  heard(): void {
    this.#silent = 0
    this.#front?.ponged?.()
  }

  /** What was written has left. */
  drained(): void {
    if (this.#paused) {
      this.#paused = false
      this.link.resume()
    }
    this.schedule()
  }

  /** Called once per heartbeat. */
  beat(): void {
    const { heartbeat, idleTimeout } = this.#transport.config
    this.#silent++
    if (this.#silent * Duration.toMillis(heartbeat) >= Duration.toMillis(idleTimeout)) {
      return this.link.close(1001, "Nothing was heard for too long")
    }
    this.#front?.pinged?.()
    this.link.ping()
  }

  /** The server is going to end. */
  draining(): void {
    this.#front?.draining(Duration.toMillis(this.#transport.config.reconnectWithin))
  }

  /** Whether the client knows that the server is going to end. */
  get knows(): boolean {
    return this.#front?.knows() ?? true
  }

  /** Ends it: nothing more is heard or said, whatever the peer makes of that. */
  end(code: number, reason: string): void {
    this.link.close(code, reason)
    this.closed()
  }

  /** The link is gone. */
  closed(): void {
    const front = this.#front
    this.#front = undefined
    this.#transport.remove(this)
    front?.closed()
  }
}

/** What goes wrong with one connection must not reach the others: it is logged and ends that one. */
const failed = (connection: Connection, defect: unknown): void => {
  Effect.runFork(Effect.logError("A connection failed", defect))
  connection.link.close(1011, "The server failed on this connection")
}

/** The connections of one server and the one callback that flushes them. */
class Outboxes {
  readonly config: LiveConfig.Service
  readonly connections = new Set<Connection>()
  /** Those that nothing was heard from, and since when, in that order. */
  readonly silent = new Map<Connection, number>()
  readonly allowances: RateLimit
  readonly patience: RateLimit
  /** The time at which what is just handled came in; asked for once per frame. */
  now = 0
  /** Who wants to look again when something has happened. */
  readonly watchers = new Set<() => void>()
  #dirty: Array<Connection> = []
  #last = 0
  readonly #clock: Clock.Clock

  constructor(config: LiveConfig.Service, clock: Clock.Clock) {
    this.config = config
    this.#clock = clock
    const { rate, rateBurst, rateTolerance } = config
    this.allowances = new RateLimit({ rate, burst: rateBurst })
    this.patience = new RateLimit({ rate, burst: rateTolerance })
  }

  tick(): void {
    if (this.allowances.isLimited) this.now = this.#clock.currentTimeMillisUnsafe()
  }

  attach(front: Front, link: Link, principal: Principal | undefined): Connection {
    const connection = new Connection(++this.#last, link, principal, this)
    this.connections.add(connection)
    this.silent.set(connection, this.#clock.currentTimeMillisUnsafe())
    connection.start(front)
    return connection
  }

  remove(connection: Connection): void {
    this.connections.delete(connection)
    this.silent.delete(connection)
    this.happened()
  }

  /** Ends those that have been silent since they came, for so many milliseconds. */
  endSilent(timeout: number): void {
    const now = this.#clock.currentTimeMillisUnsafe()
    for (const [connection, since] of this.silent) {
      if (since + timeout > now) return
      connection.end(1008, "No message came")
    }
  }

  /** Something was heard, or somebody left. */
  happened(): void {
    for (const look of this.watchers) look()
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
    readonly attachUnsafe: (front: Front, link: Link, principal: Principal | undefined) => Connection
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
    readonly sizeUnsafe: () => number
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
    const outboxes = new Outboxes(config, yield* Clock.Clock)

    const beat = Effect.sync(() => {
      for (const connection of outboxes.connections) connection.beat()
    })
    yield* Effect.forkScoped(Effect.schedule(beat, Schedule.spaced(config.heartbeat)))
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
        const watcher = () => {
          if (look()) resume(Effect.void)
        }
        outboxes.watchers.add(watcher)
        return Effect.sync(() => outboxes.watchers.delete(watcher))
      })
      return Effect.asVoid(Effect.raceFirst(polled, told))
    }

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        outboxes.flush()
        for (const connection of outboxes.connections) connection.link.close(1001, "The server is shutting down")
        const closed = Effect.timeoutOption(Effect.interruptible(until(() => false)), closing)
        return Effect.andThen(
          closed,
          Effect.sync(() => outboxes.connections.forEach(({ link }) => link.terminate()))
        )
      })
    )

    return Transport.of({
      attachUnsafe: (front, link, principal) => outboxes.attach(front, link, principal),
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
      written: until(({ link }) => link.bufferedUnsafe() === 0),
      flushUnsafe: outboxes.flush,
      sizeUnsafe: () => outboxes.connections.size
    })
  })
)
