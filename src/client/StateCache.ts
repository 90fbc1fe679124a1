/**
 * Where a client keeps the state tokens of its components, so that a reload or a new process brings back the state: local storage
 * in a browser, a KeyValueStore elsewhere. An entry belongs to a server, a component and the application's own key. It is a help,
 * never a need: what cannot be read or written (private mode, a full quota) is said once in the log and done without. Entries that are
 * too old are removed where they are found, at the beginning, and when there is no room.
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

/** What an entry belongs to. */
export interface CacheAddress {
  /** The server, such as `wss://example.org`. */
  readonly origin: string
  readonly component: string
  /** The application's own name for it. */
  readonly key: string
}

/** Keeps state tokens. */
export class StateCache extends Context.Service<
  StateCache,
  {
    readonly get: (address: CacheAddress) => Effect.Effect<string | undefined>
    /** Keeps a token for as long as it is good. */
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

/** Keeps tokens in whatever KeyValueStore there is. */
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
        return Effect.as(Effect.logWarning(message, cause), undefined)
      })

    /** What is just being written is not to be taken for what was there before. */
    const turn = Semaphore.makeUnsafe(1)

    const removeIfOld = Effect.fnUntraced(function* (name: string) {
      const entry = decodeEntry(yield* store.get(name))
      // What is no entry is somebody else's.
      if (Option.isNone(entry) || entry.value.expiresAt > (yield* Clock.currentTimeMillis)) return
      yield* store.remove(name)
    })

    /** As far as that can be done; that it cannot is said by whoever needs it. */
    const removeOld = store.keys.pipe(
      Effect.flatMap((names) =>
        Effect.forEach(names.filter(isName), (name) => Effect.ignoreCause(removeIfOld(name)), { discard: true })
      ),
      Effect.ignoreCause
    )

    // A client does not wait for that.
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

/** A page may be forbidden to look at it, which throws. */
const localStorageOfPage = (): Storage | undefined => {
  try {
    return typeof window === "undefined" ? undefined : window.localStorage
  } catch {
    return undefined
  }
}

/** Whether it can be the name of an entry, of whatever server. */
const isName = (name: string): boolean => name.startsWith("fibra/") && name.split("/").length === 4

const nameOf = ({ component, key, origin }: CacheAddress): string =>
  ["fibra", origin, component, key].map(encodeURIComponent).join("/")
