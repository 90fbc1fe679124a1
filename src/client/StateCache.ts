/**
 * Keeps the state tokens of a client, so that a reload or a new process brings the state back: in local storage in a
 * browser, in a KeyValueStore elsewhere. An entry belongs to a server, a component and a key of the application. The
 * cache is optional: when it cannot be read or written (private mode, a full quota), that is logged once and components
 * start anew. Expired entries are removed when they are found, at the start, and when there is no space.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Log from "../Log.ts"

/** The address of an entry. */
export interface CacheAddress {
  /** The server, such as `wss://example.org`. */
  readonly origin: string
  readonly component: string
  /** The application's own name for the entry. */
  readonly key: string
}

/** Keeps state tokens. */
export class StateCache extends Context.Service<
  StateCache,
  {
    readonly get: (address: CacheAddress) => Effect.Effect<string | undefined>
    /** Keeps a token for as long as it is valid. */
    readonly set: (address: CacheAddress, token: string, age: Duration.Duration) => Effect.Effect<void>
    readonly remove: (address: CacheAddress) => Effect.Effect<void>
  }
>()("fibra/client/StateCache") {}

const Entry = Schema.fromJsonString(
  Schema.Struct({
    token: Schema.String,
    /** Milliseconds since the epoch. */
    expiresAt: Schema.Finite
  })
)
const decodeEntry = Schema.decodeUnknownOption(Entry)
const encodeEntry = Schema.encodeSync(Entry)

/** Keeps tokens in the KeyValueStore that is provided. */
export const layerKeyValueStore: Layer.Layer<StateCache, never, KeyValueStore.KeyValueStore> = Layer.effect(
  StateCache,
  Effect.gen(function* () {
    const store = yield* KeyValueStore.KeyValueStore
    let complained = false
    const forgiving = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A | undefined> =>
      Effect.catchCause(effect, (cause) => {
        if (complained) return Effect.undefined
        complained = true
        const message =
          "The state cache cannot be read or written. Components go on without it: after a reload they start anew."
        return Effect.as(Log.warning(message, { cause }), undefined)
      })

    /** Cleaning up must not remove an entry that is just being written. */
    const turn = Semaphore.makeUnsafe(1)

    const removeIfOld = Effect.fnUntraced(function* (name: string) {
      const entry = decodeEntry(yield* store.get(name))
      // Other entries are not ours.
      if (Option.isNone(entry) || entry.value.expiresAt > (yield* Clock.currentTimeMillis)) return
      yield* store.remove(name)
    })

    /** Removes expired entries as far as possible. Failures are logged by the operations that need the cache. */
    const removeOld = store.keys.pipe(
      Effect.flatMap((names) =>
        Effect.forEach(names.filter(isName), (name) => Effect.ignoreCause(removeIfOld(name)), { discard: true })
      ),
      Effect.ignoreCause
    )

    // The client does not wait for the cleanup.
    yield* Effect.forkScoped(turn.withPermit(removeOld), { startImmediately: true })

    const remove = (address: CacheAddress) => Effect.asVoid(forgiving(store.remove(nameOf(address))))

    return StateCache.of({
      get: (address) =>
        Effect.gen(function* () {
          const text = yield* forgiving(store.get(nameOf(address)))
          if (text === undefined) return undefined
          const entry = decodeEntry(text)
          if (Option.isSome(entry) && entry.value.expiresAt > (yield* Clock.currentTimeMillis)) return entry.value.token
          return yield* Effect.as(remove(address), undefined)
        }),
      set: (address, token, age) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const entry = encodeEntry({ token, expiresAt: now + Duration.toMillis(age) })
          const write = store.set(nameOf(address), entry)
          const withRoom = write.pipe(Effect.catch(() => Effect.andThen(removeOld, write)))
          return Effect.asVoid(forgiving(turn.withPermit(withRoom)))
        }),
      remove
    })
  })
)

/** Keeps tokens for as long as the process runs. */
export const layerMemory: Layer.Layer<StateCache> = Layer.provide(layerKeyValueStore, KeyValueStore.layerMemory)

/** Keeps tokens in the local storage of a page, or in memory where there is none. */
export const layerLocalStorage: Layer.Layer<StateCache> = Layer.unwrap(
  Effect.sync(() => {
    const storage = localStorageOfPage()
    return storage === undefined
      ? layerMemory
      : Layer.provide(
          layerKeyValueStore,
          KeyValueStore.layerStorage(() => storage)
        )
  })
)

/** Reading `window.localStorage` throws where the page may not use it. */
const localStorageOfPage = (): Storage | undefined => {
  try {
    return typeof window === "undefined" ? undefined : window.localStorage
  } catch {
    return undefined
  }
}

/** Whether it can be the name of an entry, of any server. */
const isName = (name: string): boolean => name.startsWith("fibra/") && name.split("/").length === 4

const nameOf = ({ component, key, origin }: CacheAddress): string =>
  ["fibra", origin, component, key].map(encodeURIComponent).join("/")
