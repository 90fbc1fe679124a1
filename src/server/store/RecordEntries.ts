/**
 * Records as JSON in any storage of texts under keys, such as a KeyValueStore. Keys are hashes, because addresses may
 * be long and contain any character; the address itself is in the entry. Updates of a record run one at a time within
 * this process, not across processes. Entries that cannot be read are neither used nor deleted.
 */
import { createHash } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { KeyLocks } from "./KeyLocks.ts"
import * as Records from "./Records.ts"
import { type Operation, SnapshotStoreError } from "./SnapshotStoreError.ts"

/** A storage of texts under keys: the part of a KeyValueStore that is needed. */
export interface Entries<E> {
  readonly get: (key: string) => Effect.Effect<string | undefined, E>
  readonly set: (key: string, text: string) => Effect.Effect<void, E>
  readonly remove: (key: string) => Effect.Effect<void, E>
  readonly keys: Effect.Effect<ReadonlyArray<string>, E>
}

/**
 * The hash of an address, as 64 hexadecimal digits. It hashes UTF-16, because in UTF-8 all lone surrogates would be
 * equal.
 */
export const hash = (address: string): string => createHash("sha256").update(address, "utf16le").digest("hex")

const hashLength = 64

/** A write under way keeps the lock until it has ended: when it is interrupted, the next one must not overtake it. */
const whole = Effect.uninterruptible

/** The records of one kind (`snapshot`, `token`) in `entries`. */
export const make = Effect.fnUntraced(function* <A, E>(entries: Entries<E>, kind: string, schema: Schema.Codec<A>) {
  const prefix = `fibra-${kind}-`
  const locks = new KeyLocks()

  const Entry = Schema.Struct({ address: Schema.String, expires: Schema.Int, value: schema })
  const decode = Schema.decodeEffect(Schema.fromJsonString(Entry))
  const decodeExpires = Schema.decodeOption(Schema.fromJsonString(Schema.Struct({ expires: Schema.Int })))

  const failing = (operation: Operation, address: string) =>
    Effect.mapError((cause: E) => new SnapshotStoreError({ operation, address, cause }))

  const load = Effect.fnUntraced(function* (operation: Operation, address: string, key: string) {
    const text = yield* entries.get(key).pipe(failing(operation, address))
    if (text === undefined) return undefined
    const entry = yield* decode(text).pipe(
      Effect.filterOrFail(
        (entry) => entry.address === address,
        (entry) => `it is the record of "${entry.address}"`
      ),
      Effect.mapError((cause) => {
        const unreadable = `the entry "${key}"`
        return new SnapshotStoreError({ operation, address, unreadable, cause })
      })
    )
    return Records.alive(entry, yield* Clock.currentTimeMillis)
  })

  /** When entries expire. Those of an earlier process are found by the first sweep. */
  const expiries = new Map<string, number>()
  const noteExpiry = (key: string, expires: number): void => {
    if (expires < Records.never) expiries.set(key, expires)
    else expiries.delete(key)
  }

  // The entry is read again, because another process may have renewed it.
  const forget = Effect.fnUntraced(function* (key: string) {
    const expires = Option.flatMap(Option.fromUndefinedOr(yield* entries.get(key)), decodeExpires)
    expiries.delete(key)
    if (Option.isNone(expires)) return
    if (expires.value.expires <= (yield* Clock.currentTimeMillis)) yield* whole(entries.remove(key))
    else noteExpiry(key, expires.value.expires)
  })

  let scanned = false
  yield* Records.sweeping(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const keys = scanned
        ? Array.from(expiries.keys()).filter((key) => (expiries.get(key) ?? Records.never) <= now)
        : (yield* entries.keys).filter((key) => key.startsWith(prefix) && key.length === prefix.length + hashLength)
      for (const key of keys) {
        // A locked entry is being written, however long that takes; the next sweep looks at it again.
        if (locks.has(key)) expiries.set(key, now)
        else yield* locks.alone(key, forget(key))
      }
      scanned = true
    }).pipe(failing("forget", prefix))
  )

  const self: Records.Records<A> = {
    read: (address) => Effect.map(load("read", address, prefix + hash(address)), (kept) => kept?.value),
    update: (operation, address, change) => {
      const key = prefix + hash(address)
      return Effect.gen(function* () {
        const kept = yield* load(operation, address, key)
        const [answer, keep] = change(kept, yield* Clock.currentTimeMillis)
        if (keep === undefined) return answer
        const { expires, value } = keep
        const written = entries.set(key, JSON.stringify({ address, expires, value }))
        yield* whole(
          Effect.andThen(
            written,
            Effect.sync(() => noteExpiry(key, expires))
          )
        ).pipe(failing(operation, address))
        return answer
      }).pipe((change) => locks.alone(key, change))
    },
    remove: (address) => {
      const key = prefix + hash(address)
      return locks.alone(key, whole(entries.remove(key))).pipe(failing("remove", address))
    }
  }
  return self
})
