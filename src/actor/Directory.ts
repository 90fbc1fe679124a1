// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Finds actors by address, or activates them: once, however many callers ask at the same time. An actor stays active as
 * long as somebody holds it, and for `maxIdleTime` after that; then it is passivated: its Scope closes. An address has
 * no second activation before the first has ended. This implementation serves one process.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import { type HolderShare, type Holding, Holdings } from "./Holdings.ts"
import * as Limit from "./Limit.ts"

/**
 * The directory has as many actors that are held as it may, or so many that the rest is not for this owner.
 *
 * Goes to the caller of `get`.
 */
export class DirectoryFull extends Schema.TaggedError<DirectoryFull>()("DirectoryFull", { capacity: Schema.Int }) {
  override get message(): string {
    return `The directory is full: it has room for ${this.capacity} actors.`
  }

  get hint(): string {
    return "Ask again when some are not held any more, or raise the capacity."
  }
}

/**
 * The actor did not become active within `activationTimeout`.
 *
 * Goes to the caller of `get`.
 */
export class ActivationTimeout extends Schema.TaggedError<ActivationTimeout>()("ActivationTimeout", {
  address: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    return `The actor of ${this.address} did not become active within ${this.millis} ms.`
  }

  get hint(): string {
    return "Ask again, see what its build waits for, or raise activationTimeout."
  }
}

/** A directory of actors. */
export interface Directory<in out Address, out Ref, out E = never> {
  /** Finds or activates the actor, and keeps it active until the Scope closes. */
  readonly get: (address: Address) => Effect.Effect<Ref, E | DirectoryFull | ActivationTimeout, Scope.Scope>
  /** The addresses of all actors that are active or being activated. */
  readonly addresses: Effect.Effect<ReadonlyArray<Address>>
  /** How many there are. */
  readonly size: Effect.Effect<number>
}

/** An activated actor: what its holders get, and how to wait for its end. */
export interface Activated<Ref> {
  readonly ref: Ref
  /** Completes when the actor has stopped for any reason; it then leaves the directory. */
  readonly watch: Effect.Effect<unknown>
}

/** How actors are activated and kept. */
export interface Options<Address, Ref, E, R> {
  /** Runs the actor of an address in a Scope of its own. A failure reaches all who wait, and is not remembered. */
  readonly activate: (address: Address) => Effect.Effect<Activated<Ref>, E, R>
  /** How long an actor without holders stays active: one minute. */
  readonly maxIdleTime?: Duration.Input | ((address: Address) => Duration.Input)
  /** Actors that may be active at the same time: no limit. For one more, one that nobody holds is passivated. */
  readonly capacity?: number
  /** The owners that hold an actor with whoever asks for this address: none. */
  readonly sharesOf?: (address: Address) => ReadonlyArray<HolderShare>
  /** How long an activation may take: one minute. */
  readonly activationTimeout?: Duration.Input
  /**
   * How long an actor may take to stop; then it is left behind, and its address is free: 15 seconds, more than an actor
   * needs by default.
   */
  readonly shutdown?: Duration.Input
}

/** One activation, from before it begins until everything is released. */
interface Tenancy {
  readonly scope: Scope.Closeable
  readonly ended: Deferred.Deferred<void>
}

/**
 * A directory for this process. Addresses are compared with `Equal`. Those that clients choose should be strings, or
 * have a hash that clients cannot predict: otherwise they can choose many with the same hash, and each search compares
 * them all. When the Scope closes, all actors are passivated at the same time.
 */
export const make = <Address, Ref, E, R>(
  options: Options<Address, Ref, E, R>
): Effect.Effect<Directory<Address, Ref, E>, never, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Exclude<R, Scope.Scope> | Scope.Scope>()
    const capacity = options.capacity ?? Infinity
    const activationTimeout = Duration.fromInputUnsafe(options.activationTimeout ?? "1 minute")
    const shutdown = Effect.sleep(options.shutdown ?? "15 seconds")
    const tenancies = MutableHashMap.empty<Address, Tenancy>()
    const held = MutableHashMap.empty<Address, Holding<Address>>()
    const maxIdleTime = (address: Address): Duration.Duration => {
      const time = options.maxIdleTime ?? "1 minute"
      return Duration.fromInputUnsafe(typeof time === "function" ? time(address) : time)
    }

    const end = (address: Address, tenancy: Tenancy, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (tenancy.scope.state._tag === "Closed") return Deferred.await(tenancy.ended)
        const labels = { address }
        const closed = Log.ignore(Scope.close(tenancy.scope, exit), "A finalizer of an actor failed", labels)
        const ending = Effect.gen(function* () {
          const closing = yield* Effect.forkDetach(closed, { startImmediately: true, uninterruptible: true })
          const inTime = yield* Limit.ended(closing, shutdown)
          if (!inTime) yield* Limit.leftBehind("activation", "An actor did not stop in time and is left behind", labels)
          MutableHashMap.remove(tenancies, address)
          holdings.ended(address)
          Deferred.doneUnsafe(tenancy.ended, Exit.void)
        })
        return Effect.uninterruptible(ending)
      })

    /** Waits until the previous activation of the address has ended. */
    const begin = (address: Address): Effect.Effect<Tenancy> =>
      Effect.suspend(() => {
        const before = MutableHashMap.get(tenancies, address)
        if (Option.isSome(before)) {
          return Effect.andThen(Effect.interruptible(Deferred.await(before.value.ended)), begin(address))
        }
        const tenancy: Tenancy = { scope: Scope.makeUnsafe(), ended: Deferred.makeUnsafe() }
        MutableHashMap.set(tenancies, address, tenancy)
        return Effect.succeed(tenancy)
      })

    /** Not in the context of the first caller, which the actor outlives. */
    const activation = (address: Address, { scope }: Tenancy): Effect.Effect<Activated<Ref>, E | ActivationTimeout> => {
      const activate = Effect.suspend(() => options.activate(address))
      const started = Effect.forkDetach(inContext(activate, Context.add(context, Scope.Scope, scope)), {
        startImmediately: true
      })
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(started, (fiber) => {
          const end = Effect.suspend(() => {
            fiber.interruptUnsafe()
            return Limit.ended(fiber, shutdown)
          })
          const inTime = Effect.ensuring(restore(Limit.ended(fiber, Effect.sleep(activationTimeout))), end)
          return Effect.flatMap(inTime, (inTime): Effect.Effect<Activated<Ref>, E | ActivationTimeout> =>
            inTime ? Fiber.join(fiber) : Effect.fail(late(address))
          )
        })
      )
    }

    const late = (address: Address) =>
      new ActivationTimeout({ address: Thrown.describe(address), millis: Duration.toMillis(activationTimeout) })

    const lookup = Effect.fnUntraced(function* (address: Address) {
      const entry = yield* Effect.scope
      const tenancy = yield* Effect.acquireRelease(begin(address), (tenancy, exit) => end(address, tenancy, exit))
      /** Ends the activation early, so that the next `get` begins another. */
      const leave = Effect.andThen(
        Effect.suspend(() => (isEntry(actors, address, entry) ? RcMap.invalidate(actors, address) : Effect.void)),
        end(address, tenancy, Exit.void)
      )
      const activated = yield* Effect.onError(activation(address, tenancy), () => leave)
      const left = Effect.andThen(activated.watch, Effect.forkDetach(leave, { startImmediately: true }))
      yield* Effect.forkIn(left, tenancy.scope, { startImmediately: true })
      return activated.ref
    })

    const actors: RcMap.RcMap<Address, Ref, E | ActivationTimeout | Cause.ExceededCapacityError> = yield* RcMap.make({
      lookup,
      // What is idle for some time is the business of the holdings.
      idleTimeToLive: (address) => (Duration.isZero(maxIdleTime(address)) ? Duration.zero : Duration.infinity),
      capacity
    })

    const scope = yield* Effect.scope
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const holdings: Holdings<Address> = new Holdings<Address>({
      capacity,
      sharesOf: options.sharesOf ?? (() => []),
      maxIdleTime: (address) => Duration.toMillis(maxIdleTime(address)),
      find: (address) => Option.getOrUndefined(MutableHashMap.get(held, address)),
      keep: (holding) => void MutableHashMap.set(held, holding.address, holding),
      forget: (address) => void MutableHashMap.remove(held, address),
      isActive: (address) => {
        const tenancy = MutableHashMap.get(tenancies, address)
        return Option.isSome(tenancy) && tenancy.value.scope.state._tag !== "Closed"
      },
      passivate: (address) => RcMap.invalidate(actors, address),
      run: (effect) => void run(Effect.forkIn(effect, scope, { startImmediately: true }))
    })

    /** Passivates what is idle when there is no room, and waits for that. */
    const found = (address: Address): Effect.Effect<Ref, E | DirectoryFull | ActivationTimeout, Scope.Scope> =>
      Effect.catchIf(RcMap.get(actors, address), Cause.isExceededCapacityError, () =>
        Effect.suspend(() => {
          const idle = holdings.takeIdle()
          if (idle === undefined) return Effect.fail(new DirectoryFull({ capacity }))
          const passivated = Effect.forkDetach(RcMap.invalidate(actors, idle), { startImmediately: true })
          return Effect.andThen(Effect.flatMap(passivated, Fiber.await), found(address))
        })
      ) as Effect.Effect<Ref, E | DirectoryFull | ActivationTimeout, Scope.Scope>

    // RcMap closes one entry after the other, and each may take time to drain.
    yield* Effect.addFinalizer((exit) =>
      Effect.forEach(Array.from(tenancies), ([address, tenancy]) => end(address, tenancy, exit), {
        concurrency: "unbounded",
        discard: true
      })
    )

    return {
      get: (address) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(Effect.scope, (scope) => {
            const holding = holdings.enter(address)
            if (holding === undefined) return Effect.fail(new DirectoryFull({ capacity }))
            const left = Effect.suspend(() => holdings.leave(holding))
            // Before the map adds its own: what is left is idle there, too.
            return Effect.andThen(Scope.addFinalizer(scope, left), restore(found(holding.address)))
          })
        ),
      addresses: Effect.map(RcMap.keys(actors), Array.from<Address>),
      size: Effect.map(RcMap.keys(actors), (keys) => Array.from(keys).length)
    }
  })

const inContext = <A, E, R>(effect: Effect.Effect<A, E, R>, context: Context.Context<never>): Effect.Effect<A, E> =>
  Effect.updateContext(effect, () => context as Context.Context<R>) as Effect.Effect<A, E>

/** Whether the entry of an address is still the one with this Scope. */
const isEntry = <K, A, E>(map: RcMap.RcMap<K, A, E>, key: K, scope: Scope.Scope): boolean => {
  if (map.state._tag === "Closed") return false
  const entry = MutableHashMap.get(map.state.map, key)
  return Option.isSome(entry) && entry.value.scope === scope
}
