/**
 * The sessions of one server, whichever front their connection came through: those that are connected, and those that wait for
 * their client to come back. A session is named by a token, of which only the latest is good.
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
import * as LiveConfig from "../LiveConfig.ts"
import { ParkedSessions } from "./ParkedSessions.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { isSame, renew } from "../../Principal.ts"
import type { FeedConsumer } from "./ClientFeed.ts"
import { Session, type SessionHost } from "./Session.ts"
import * as SessionInfo from "./SessionInfo.ts"

/** The sessions of one server. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /** Starts a session for a connection. */
    readonly openUnsafe: (connection: FeedConsumer) => Session
    /** Makes the session one to come back to, and gives its token. */
    readonly ticketUnsafe: (session: Session) => string
    /**
     * Finds the session of a token for a connection, which has it from now on and is to resume it; whoever had it loses it. What the
     * connection has begun before is ended; if there is something in it, it stays, as two sessions cannot be made one.
     */
    readonly claimUnsafe: (
      token: string,
      connection: FeedConsumer,
      begun: Session | undefined
    ) => Session | TokenRejection
    /** The client knows its latest token. */
    readonly confirmUnsafe: (session: Session) => void
    /** The connection of a session is gone: it waits for the next, or ends when there is nothing to come back to. */
    readonly parkUnsafe: (session: Session) => void
    /** Ends it and lets go of what it had mounted: its client does not come back. */
    readonly closeUnsafe: (session: Session) => void
    /** Ends all sessions of a principal, connected or not; their tokens are worth nothing. What their handlers have begun goes on. */
    readonly endUnsafe: (principal: string) => void
    /** Nothing new is taken any more. */
    readonly drainUnsafe: () => void
    readonly isDraining: () => boolean
    readonly list: Effect.Effect<ReadonlyArray<SessionInfo.SessionInfo>>
    /** How many there are, and how many of them wait for their client. */
    readonly size: Effect.Effect<{ readonly sessions: number; readonly parked: number }>
  }
>()("fibra/server/Sessions") {}

/** Milliseconds between two looks at what the sessions have grown to whose clients are away. */
const measuringInterval = 1000

/** Milliseconds by which a look may be late; more says that nothing was heard meanwhile. */
const lateness = 100

/** Sessions whose clients came back, by whether the session was still there. */
const resumes = Metric.counter("fibra_session_resumes", {
  description: "Clients that asked for the session they had before",
  incremental: true
})
const resumed = Metric.withAttributes(resumes, { outcome: "resumed" })
const rejected = Metric.withAttributes(resumes, { outcome: "rejected" })

/** No session is open at first; those open when the Scope closes are closed with it. */
export const layer: Layer.Layer<Sessions, never, Instances> = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const instances = yield* Instances
    const config = yield* LiveConfig.LiveConfig
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const makeId = yield* IdGenerator.make
    const makeSecret = IdGenerator.makeSecretSource()
    const linger = Duration.toMillis(config.linger)
    const open = new Set<Session>()
    /** Those that have a ticket, by the id of their client. */
    const named = new Map<string, Session>()
    const parked = new ParkedSessions<Session>(config)
    let draining = false
    let watching = false

    const host: SessionHost = {
      instances,
      config,
      run,
      connectionId: makeId,
      isDraining: () => draining,
      bounds: {
        calls: {
          maxAnswers: config.maxResults,
          maxBytes: config.maxResultBytes,
          sizeOf: (outcome) => ("text" in outcome ? outcome.text.length : 64)
        },
        // There are no more of them than mounts, and losing the answer to one would lose the mount.
        mounts: { maxAnswers: config.maxComponents, maxBytes: Infinity, sizeOf: () => 0 }
      }
    }

    const closeAll = (sessions: Iterable<Session>): Effect.Effect<void> =>
      Effect.suspend(() => {
        const ended = Array.from(sessions)
        // All of them before the first is closed: nobody may come back for one that is going to end.
        for (const session of ended) {
          open.delete(session)
          parked.remove(session)
          named.delete(session.connectionId)
        }
        return Effect.forEach(ended, (session) => session.close(), { concurrency: "unbounded", discard: true })
      })

    const close = (session: Session): Effect.Effect<void> => closeAll([session])

    /** Ends those whose time is over, for as long as there are any that wait. */
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
        // The event loop stood still: those who are back already have not been heard yet.
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
        if (!open.has(session)) return Effect.void
        session.detach()
        if (session.isEmpty || session.secret === undefined || linger === 0) return close(session)
        const { bytes, principal } = session
        const crowdedOut = parked.park(session, { principal: principal?.id, bytes, until: now + linger })
        if (!watching) {
          watching = true
          run(Effect.forkIn(watch, scope, { startImmediately: true }))
        }
        return closeAll(crowdedOut)
      })

    /** The session of a token, if it is of this principal, speaks this wire, and can take the place of what was begun. */
    const find = (
      token: string,
      { encoder, principal }: FeedConsumer,
      begun: Session | undefined
    ): Session | TokenRejection => {
      const [id = "", secret = "", ...rest] = token.split(".", 3)
      const session = rest.length > 0 ? undefined : named.get(id)
      // As after every restart: its time is over, or it was another server's.
      if (session?.secret === undefined) return reject("session", Log.debug)
      if (session.encoder !== encoder) return reject("session", Log.warning)
      const { previousSecret } = session
      const isPrevious = previousSecret !== undefined && isSecret(secret, previousSecret)
      if (!isSecret(secret, session.secret) && !isPrevious) return reject("session", Log.warning)
      if (!isSame(session.principal, principal)) return reject("principal", Log.warning)
      if (begun !== undefined && begun !== session && !begun.isEmpty) return reject("session", Log.debug)
      // The next ticket has this secret as the one before it, until its client has confirmed.
      if (isPrevious) session.secret = secret
      return session
    }

    const scope = yield* Effect.scope
    yield* Effect.addFinalizer(() => closeAll(open))

    return Sessions.of({
      openUnsafe: (connection) => {
        const session = new Session(host, connection)
        open.add(session)
        return session
      },
      ticketUnsafe: (session) => {
        const { connectionId } = session
        session.previousSecret = session.secret
        session.secret = makeSecret()
        named.set(connectionId, session)
        return `${connectionId}.${session.secret}`
      },
      claimUnsafe: (token, connection, begun) => {
        const session = find(token, connection, begun)
        if (typeof session === "string") return session
        if (begun !== undefined && begun !== session) run(close(begun))
        const { principal } = connection
        // Whoever holds this principal (the client, its private instances) has the claims of the connection that came last.
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
      closeUnsafe: (session) => void run(close(session)),
      // Not waited for: a handler may sign out whoever has called it, and its session would wait for the handler.
      endUnsafe: (principal) =>
        void run(closeAll(Array.from(open).filter((session) => session.principal?.id === principal))),
      drainUnsafe: () => void (draining = true),
      isDraining: () => draining,
      list: Effect.map(Monotonic.epoch, (epoch) =>
        Array.from(open, (session) => SessionInfo.of(session, parked.get(session), epoch))
      ),
      size: Effect.sync(() => ({ sessions: open.size, parked: parked.size }))
    })
  })
)

const isSecret = (given: string, secret: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
