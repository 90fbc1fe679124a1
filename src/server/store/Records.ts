/**
 * Values under addresses, each kept until it expires. Updates of one address run one at a time; expired values count as
 * absent. This file has the interface, the rules of expiry and the implementation in memory.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Log from "../../Log.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import type { Operation, SnapshotStoreError } from "./SnapshotStoreError.ts"

/** A value and its expiry. */
export interface Kept<A> {
  readonly value: A
  /** Milliseconds since the epoch, or `never`. */
  readonly expires: number
}

/** Values of one kind. */
export interface Records<A> {
  readonly read: (address: string) => Effect.Effect<A | undefined, SnapshotStoreError>
  /** Runs `change` alone on this address. It returns an answer and, if the record changes, the new one. */
  readonly update: <B>(
    operation: Operation,
    address: string,
    change: (kept: Kept<A> | undefined, now: number) => readonly [answer: B, keep?: Kept<A>]
  ) => Effect.Effect<B, SnapshotStoreError>
  readonly remove: (address: string) => Effect.Effect<void, SnapshotStoreError>
}

/** The `expires` of values that never expire; JSON and a bigint column can hold this number. */
export const never = Number.MAX_SAFE_INTEGER

/** The expiry of a value that is written now. */
export const expiresAt = (now: number, timeToLive: Duration.Duration | undefined): number =>
  timeToLive === undefined ? never : Math.min(never, Math.ceil(now + Duration.toMillis(timeToLive)))

/** The value, unless it has expired. */
export const alive = <A>(kept: Kept<A> | undefined, now: number): Kept<A> | undefined =>
  kept !== undefined && kept.expires > now ? kept : undefined

/** Time between two sweeps, and how long one may take before it counts as failed. */
const sweepInterval = Duration.minutes(5)

/**
 * Runs this now and repeatedly until the Scope closes, which does not wait for it. It should delete what has expired.
 */
export const sweeping = <E, R>(sweep: Effect.Effect<void, E, R>): Effect.Effect<void, never, R | Scope.Scope> =>
  TimeLimit.timeoutOrElse(sweep, {
    duration: sweepInterval,
    orElse: () => Effect.fail("no answer in time")
  }).pipe(
    (sweep) => Log.ignore(sweep, "Expired records were not deleted. The next attempt is in five minutes."),
    Effect.repeat(Schedule.spaced(sweepInterval)),
    Effect.forkScoped,
    Effect.asVoid
  )

/** Records in the memory of this process. */
export const makeMemory = Effect.fnUntraced(function* <A>() {
  const records = new Map<string, Kept<A>>()

  yield* sweeping(
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const [address, kept] of records) if (alive(kept, now) === undefined) records.delete(address)
    })
  )

  const self: Records<A> = {
    read: (address) => Effect.map(Clock.currentTimeMillis, (now) => alive(records.get(address), now)?.value),
    update: (_, address, change) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const [answer, keep] = change(alive(records.get(address), now), now)
        if (keep !== undefined) records.set(address, keep)
        return answer
      }),
    remove: (address) => Effect.sync(() => void records.delete(address))
  }
  return { ...self, sizeUnsafe: () => records.size }
})
