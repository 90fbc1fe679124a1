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
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type * as Scope from "effect/Scope"
import * as Log from "../Log.ts"
import { Turns } from "./Turns.ts"

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

/** What keeps entries: as much of a KeyValueStore as is used. */
interface KeyValues {
  readonly get: (name: string) => Effect.Effect<string | undefined, unknown>
  readonly set: (name: string, value: string) => Effect.Effect<void, unknown>
  readonly remove: (name: string) => Effect.Effect<void, unknown>
  readonly keys: Effect.Effect<ReadonlyArray<string>, unknown>
}

interface Entry {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Undefined for what is no entry of ours. */
const decodeEntry = (text: string | undefined): Entry | undefined => {
  try {
    const { expiresAt, token } = JSON.parse(text ?? "null") as Partial<Entry>
    return typeof token === "string" && Number.isFinite(expiresAt) ? { token, expiresAt: Number(expiresAt) } : undefined
  } catch {
    return undefined
  }
}

/** Keeps tokens in this store. */
const make = (store: KeyValues): Effect.Effect<StateCache["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
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
    const turns = new Turns()
    const inTurn = <A, E>(effect: Effect.Effect<A, E>) => turns.take("", effect)

    const removeIfOld = Effect.fnUntraced(function* (name: string) {
      const entry = decodeEntry(yield* store.get(name))
      // Other entries are not ours.
      if (entry === undefined || entry.expiresAt > (yield* Clock.currentTimeMillis)) return
      yield* store.remove(name)
    })

    /** Removes expired entries as far as possible. Failures are logged by the operations that need the cache. */
    const removeOld = Effect.ignoreCause(
      Effect.gen(function* () {
        for (const name of yield* store.keys) if (isName(name)) yield* Effect.ignoreCause(removeIfOld(name))
      })
    )

    // The client does not wait for the cleanup.
    yield* Effect.forkScoped(inTurn(removeOld), { startImmediately: true })

    const remove = (address: CacheAddress) => Effect.asVoid(forgiving(store.remove(nameOf(address))))

    return StateCache.of({
      get: (address) =>
        Effect.gen(function* () {
          const text = yield* forgiving(store.get(nameOf(address)))
          if (text === undefined) return undefined
          const entry = decodeEntry(text)
          if (entry !== undefined && entry.expiresAt > (yield* Clock.currentTimeMillis)) return entry.token
          return yield* Effect.as(remove(address), undefined)
        }),
      set: (address, token, age) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const entry: Entry = { token, expiresAt: now + Duration.toMillis(age) }
          const write = store.set(nameOf(address), JSON.stringify(entry))
          const withRoom = write.pipe(Effect.catch(() => Effect.andThen(removeOld, write)))
          return Effect.asVoid(forgiving(inTurn(withRoom)))
        }),
      remove
    })
  })

/** Keeps tokens in the KeyValueStore that is provided. */
export const layerKeyValueStore: Layer.Layer<StateCache, never, KeyValueStore.KeyValueStore> =
  /* @__PURE__ */ Layer.effect(
    StateCache,
    /* @__PURE__ */ Effect.flatMap(KeyValueStore.KeyValueStore, (store) => make(store))
  )

/** Keeps tokens for as long as the process runs. */
export const layerMemory: Layer.Layer<StateCache> = /* @__PURE__ */ Layer.effect(
  StateCache,
  /* @__PURE__ */ Effect.suspend(() => make(inMemory()))
)

/** Keeps tokens in the local storage of a page, or in memory where there is none. */
export const inPage: Effect.Effect<StateCache["Service"], never, Scope.Scope> = /* @__PURE__ */ Effect.suspend(() => {
  const storage = localStorageOfPage()
  return make(storage === undefined ? inMemory() : inStorage(storage))
})

/** Keeps tokens in the local storage of a page, or in memory where there is none. */
export const layerLocalStorage: Layer.Layer<StateCache> = /* @__PURE__ */ Layer.effect(StateCache, inPage)

const inMemory = (): KeyValues => {
  const values = new Map<string, string>()
  return {
    get: (name) => Effect.sync(() => values.get(name)),
    set: (name, value) => Effect.sync(() => void values.set(name, value)),
    remove: (name) => Effect.sync(() => void values.delete(name)),
    keys: Effect.sync(() => Array.from(values.keys()))
  }
}

/** A page may read its storage and not write it, and whatever it does may throw. */
const inStorage = (storage: Storage): KeyValues => {
  const trying = <A>(act: () => A) =>
    Effect.try({ try: act, catch: (cause) => ({ _tag: "StorageFailed" as const, cause }) })
  return {
    get: (name) => trying(() => storage.getItem(name) ?? undefined),
    set: (name, value) => trying(() => storage.setItem(name, value)),
    remove: (name) => trying(() => storage.removeItem(name)),
    keys: trying(() => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? ""))
  }
}

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
