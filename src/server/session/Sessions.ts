/**
 * The sessions of one server, for both wires: those with a connection, and those that wait for their clients. A session
 * is named by a token, of which only the latest is valid.
 */
import { timingSafeEqual } from "node:crypto"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Log from "../../Log.ts"
import * as Monotonic from "../../actor/Monotonic.ts"
import type { TokenRejection } from "../../LiveError.ts"
import * as IdGenerator from "../IdGenerator.ts"
import { Instances } from "../instance/Instances.ts"
import { tracerOf, TraceSampler } from "../instance/Tracing.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as LiveMetrics from "../LiveMetrics.ts"
import { ParkedSessions } from "./ParkedSessions.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { isSame, renew } from "../../Principal.ts"
import { UploadRegistry } from "../upload/UploadRegistry.ts"
import type { FeedConsumer } from "./ClientFeed.ts"
import { Session, type SessionHost } from "./Session.ts"
import * as SessionInfo from "./SessionInfo.ts"

/** The sessions of one server. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /** Begins a session for a connection. */
    readonly openUnsafe: (connection: FeedConsumer) => Session
    /**
     * Begins a session for a client that is not connected yet: its page is being rendered. `holdUnsafe` says for how long it
     * may come.
     */
    readonly expectUnsafe: (client: FeedConsumer) => Session
    /**
     * A session whose client has not been connected yet counts as parked from now on, with what it holds now, and ends after
     * `linger` unless its client comes. One without anything to come for ends.
     */
    readonly holdUnsafe: (session: Session) => void
    /** Makes a new token for a session. */
    readonly ticketUnsafe: (session: Session) => string
    /**
     * Finds the session of a token for a connection, which takes it over and has to resume it. The previous connection
     * loses it. What the connection has begun before is closed; if anything is mounted in that, the token is refused,
     * as two sessions cannot be merged.
     */
    readonly claimUnsafe: (
      token: string,
      connection: FeedConsumer,
      begun: Session | undefined
    ) => Session | TokenRejection
    /** The client has the latest token. */
    readonly confirmUnsafe: (session: Session) => void
    /** The client has disconnected: the session waits for it, or ends if there is nothing to come back for. */
    readonly parkUnsafe: (session: Session) => void
    /**
     * The client does not come back, and nobody sees it any more. Its private instances of these ids go on for as long as
     * a session that is parked, for the next page that brings their tokens.
     */
    readonly departUnsafe: (session: Session, kept: ReadonlySet<string>) => void
    /** Ends a session whose client does not come back. */
    readonly closeUnsafe: (session: Session) => void
    /** Ends all sessions of a principal; their tokens are void. Handlers that have begun continue. */
    readonly endUnsafe: (principal: string) => void
    /** Accepts nothing new any more. */
    readonly drainUnsafe: () => void
    readonly isDraining: () => boolean
    readonly list: Effect.Effect<ReadonlyArray<SessionInfo.SessionInfo>>
    /** How many there are, and how many of them are parked. */
    readonly size: Effect.Effect<{ readonly sessions: number; readonly parked: number }>
  }
>()("fibra/server/Sessions") {}

/** Milliseconds between two measurements of parked sessions. */
const measuringInterval = 1000

/** How long a client that has signed in may take to adopt what it had as nobody. */
const adoption = Duration.seconds(2)

/** Milliseconds by which a measurement may be late. More means that the event loop stood still. */
const lateness = 100

const resumed = Metric.withAttributes(LiveMetrics.sessionResumes, { outcome: "resumed" })
const rejected = Metric.withAttributes(LiveMetrics.sessionResumes, { outcome: "rejected" })

/** No sessions at first. Those that are open when the Scope closes are closed. */
export const layer: Layer.Layer<Sessions, never, Instances | UploadRegistry> = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const instances = yield* Instances
    const uploads = yield* UploadRegistry
    const config = yield* LiveConfig.LiveConfig
    const context = yield* Effect.context<never>()
    const run = Effect.runForkWith(context)
    const makeId = yield* IdGenerator.make
    const makeSecret = IdGenerator.makeSecretSource()
    const linger = Duration.toMillis(config.linger)
    /** By the ids of their clients. */
    const open = new Map<string, Session>()
    const parked = new ParkedSessions<Session>(config)
    let draining = false
    let watching = false

    const host: SessionHost = {
      instances,
      uploads,
      config,
      run,
      connectionId: makeId,
      isDraining: () => draining,
      sampler: new TraceSampler(config.traceSampling),
      isTraced: tracerOf(context) !== undefined,
      bounds: {
        calls: {
          maxAnswers: config.maxResults,
          maxBytes: config.maxResultBytes,
          sizeOf: (outcome) => ("text" in outcome ? Buffer.byteLength(outcome.text) : 64)
        },
        // There are no more of them than mounts, and to lose an answer would be to lose a mount.
        mounts: { maxAnswers: config.maxComponents, maxBytes: Infinity, sizeOf: () => 0 }
      }
    }

    const closeAll = (sessions: Iterable<Session>): Effect.Effect<void> =>
      Effect.suspend(() => {
        const ended = Array.from(sessions)
        // All of them before the first is closed, so that none of them can be resumed meanwhile.
        for (const session of ended) {
          open.delete(session.connectionId)
          parked.remove(session)
        }
        return Effect.forEach(ended, (session) => session.close(), { concurrency: "unbounded", discard: true })
      })

    const isOpen = (session: Session) => open.get(session.connectionId) === session

    const close = (session: Session): Effect.Effect<void> => closeAll([session])

    /** Ends sessions whose time is over, as long as any are parked. */
    const watch: Effect.Effect<void> = Effect.flatMap(Monotonic.millis, (now) => {
      const { next } = parked
      if (next === undefined) {
        watching = false
        return Effect.void
      }
      return look(now, Math.min(Math.max(0, next - now), measuringInterval))
    })

    const look = (now: number, wait: number): Effect.Effect<void> =>
      Effect.flatMap(Effect.andThen(Effect.sleep(wait), Monotonic.millis), (then) => {
        // The event loop stood still, and messages of clients that are back may not have been read yet.
        if (then - now > wait + lateness) return look(then, measuringInterval)
        run(closeAll([...parked.expired(then), ...parked.measure(({ bytes }) => bytes)]))
        return watch
      })

    const reject = (reason: TokenRejection, log: typeof Log.warning): TokenRejection => {
      const logged = log("A session token was rejected", { reason })
      run(Effect.andThen(Metric.update(rejected, 1), RejectionLog.limited(`session token ${reason}`, logged)))
      return reason
    }

    const park = (session: Session): Effect.Effect<void> =>
      Effect.flatMap(Monotonic.millis, (now) => {
        if (!isOpen(session)) return Effect.void
        session.detach()
        if (session.isEmpty || session.secret === undefined || linger === 0 || !session.isResumable)
          return close(session)
        return wait(session, now)
      })

    const hold = (session: Session): Effect.Effect<void> =>
      Effect.flatMap(Monotonic.millis, (now) => {
        if (!isOpen(session) || session.connection !== undefined) return Effect.void
        return session.isEmpty || linger === 0 ? close(session) : wait(session, now, true)
      })

    /** Ends it when nobody has come back in time. */
    const wait = (session: Session, now: number, isRendered = false): Effect.Effect<void> =>
      Effect.suspend(() => {
        const { address, bytes, principal } = session
        const until = now + linger
        const crowdedOut = parked.park(session, { principal: principal?.id, address, bytes, isRendered, until })
        if (!watching) {
          watching = true
          run(Effect.forkIn(watch, scope, { startImmediately: true }))
        }
        return closeAll(crowdedOut)
      })

    const depart = (session: Session, kept: ReadonlySet<string>): Effect.Effect<void> =>
      Effect.flatMap(Monotonic.millis, (now) => {
        if (!isOpen(session)) return Effect.void
        session.secret = undefined
        return linger > 0 && session.depart(kept) ? wait(session, now) : close(session)
      })

    /**
     * Ends a session whose client has begun another: at once, but for what it may take along. While the connection is
     * not known to have ended, that waits.
     */
    const leave = (session: Session, secret: string): Effect.Effect<void> => {
      if (session.connection === undefined) return depart(session, session.adoptable)
      return Effect.andThen(
        Effect.sleep(adoption),
        Effect.suspend(() =>
          session.secret === secret && session.connection === undefined ? close(session) : Effect.void
        )
      )
    }

    /**
     * The session of a token, if the principal and the wire are the same, and it can replace what the connection has
     * begun.
     */
    const find = (
      token: string,
      { encoder, principal }: FeedConsumer,
      begun: Session | undefined
    ): Session | TokenRejection => {
      const [id = "", secret = "", ...rest] = token.split(".", 3)
      const session = rest.length > 0 ? undefined : open.get(id)
      // Normal after a restart: the session has ended, or belonged to another server.
      if (session?.secret === undefined || !session.isResumable) return reject("session", Log.debug)
      if (session.encoder !== encoder) return reject("session", Log.warning)
      const { previousSecret } = session
      const isPrevious = previousSecret !== undefined && isSecret(secret, previousSecret)
      if (!isSecret(secret, session.secret) && !isPrevious) return reject("session", Log.warning)
      if (!isSame(session.principal, principal)) {
        if (session.principal !== undefined) return reject("principal", Log.warning)
        // Its client has signed in.
        run(leave(session, session.secret))
        return reject("principal", Log.debug)
      }
      if (begun !== undefined && begun !== session && !begun.isEmpty) return reject("session", Log.debug)
      // The next token keeps this secret as the previous one until the client has confirmed.
      if (isPrevious) session.secret = secret
      return session
    }

    const scope = yield* Effect.scope
    yield* Effect.addFinalizer(() => closeAll(open.values()))

    return Sessions.of({
      openUnsafe: (connection) => {
        const session = new Session(host, connection)
        open.set(session.connectionId, session)
        return session
      },
      expectUnsafe: (client) => {
        const session = new Session(host, client)
        session.detach()
        open.set(session.connectionId, session)
        return session
      },
      holdUnsafe: (session) => void run(hold(session)),
      ticketUnsafe: (session) => {
        session.previousSecret = session.secret
        session.secret = makeSecret()
        return `${session.connectionId}.${session.secret}`
      },
      claimUnsafe: (token, connection, begun) => {
        const session = find(token, connection, begun)
        if (typeof session === "string") return session
        if (begun !== undefined && begun !== session) run(close(begun))
        const { principal } = connection
        // Everything that holds this principal (the client, its private instances) gets the claims of the latest
        // connection.
        if (session.principal !== undefined && principal !== undefined) renew(session.principal, principal)
        const before = session.connection
        parked.remove(session)
        if (before !== undefined) session.detach()
        if (before !== connection) before?.replaced()
        run(Metric.update(resumed, 1))
        return session
      },
      confirmUnsafe: (session) => void (session.previousSecret = undefined),
      parkUnsafe: (session) => void run(park(session)),
      departUnsafe: (session, kept) => void run(depart(session, kept)),
      closeUnsafe: (session) => void run(close(session)),
      // Without waiting: a handler may sign out its own caller, whose session would wait for the handler.
      endUnsafe: (principal) =>
        void run(closeAll(Array.from(open.values()).filter((session) => session.principal?.id === principal))),
      drainUnsafe: () => {
        draining = true
        uploads.drainUnsafe()
      },
      isDraining: () => draining,
      list: Effect.map(Monotonic.epoch, (epoch) =>
        Array.from(open.values(), (session) => SessionInfo.of(session, parked.get(session), epoch))
      ),
      size: Effect.sync(() => ({ sessions: open.size, parked: parked.size }))
    })
  })
)

const isSecret = (given: string, secret: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
