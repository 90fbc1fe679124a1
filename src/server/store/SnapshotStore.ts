/**
 * Where the states of components outlive their process, and where it is remembered which state tokens were used. It neither
 * encodes states nor makes tokens, and it does not decide what is stored. There are four layers of it: in memory, in a
 * KeyValueStore, in a folder, and in PostgreSQL; only the last one is for several servers.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type * as SqlClient from "effect/sql/SqlClient"
import * as RecordEntries from "./RecordEntries.ts"
import * as RecordFolder from "./RecordFolder.ts"
import * as Records from "./Records.ts"
import * as Snapshot from "./Snapshot.ts"
import * as SnapshotSql from "./SnapshotSql.ts"
import type { SnapshotStoreError } from "./SnapshotStoreError.ts"
import * as TokenRecord from "./TokenRecord.ts"

export type { Snapshot } from "./Snapshot.ts"
export { SnapshotStoreError } from "./SnapshotStoreError.ts"
export type { Position, Spending } from "./TokenRecord.ts"

/** Snapshots under addresses, and what is remembered of the tokens of instances. What has expired is as good as never kept. */
export class SnapshotStore extends Context.Service<
  SnapshotStore,
  {
    /** The snapshot kept under this address. */
    readonly read: (address: string) => Effect.Effect<Option.Option<Snapshot.Snapshot>, SnapshotStoreError>
    /**
     * Keeps it instead of an older or equal one, for `timeToLive`, or without that for ever. Says false, and changes nothing,
     * when one of a later epoch, or of a later revision in the same epoch, is kept.
     */
    readonly write: (
      address: string,
      snapshot: Snapshot.Snapshot,
      timeToLive?: Duration.Duration
    ) => Effect.Effect<boolean, SnapshotStoreError>
    /** Forgets the snapshot kept under this address. */
    readonly remove: (address: string) => Effect.Effect<void, SnapshotStoreError>
    /**
     * Spends the token at this position; of several who try, one comes first. `accepted`: it was not refused yet, and from now
     * on tokens before `next`, which must be after `token`, are. `spent`: it is the one that was spent last, and one that came
     * after it is in use. `stale`: tokens before some later position are refused already. An accepted one is remembered for at
     * least `timeToLive`.
     *
     * It may have been spent before without anybody hearing of it. As long as none that came after it is in use the answer is the
     * `successor` it had, and nothing has changed: whoever gives that back as `instead`, with a later `next`, is accepted in its
     * place. So a request that is carried out late changes nothing that was decided meanwhile.
     */
    readonly spend: (
      instance: string,
      token: TokenRecord.Position,
      next: TokenRecord.Position,
      timeToLive: Duration.Duration,
      instead?: TokenRecord.Position
    ) => Effect.Effect<TokenRecord.Spending, SnapshotStoreError>
    /**
     * One at this position is in use: from now on, for at least `timeToLive`, tokens before it are refused, and those that are
     * already stay so. Gives from which position on tokens are taken now, which is a later one when others came after it;
     * undefined from a store that does not say.
     */
    readonly retire: (
      instance: string,
      position: TokenRecord.Position,
      timeToLive: Duration.Duration
    ) => Effect.Effect<TokenRecord.Position | undefined, SnapshotStoreError>
  }
>()("fibra/server/SnapshotStore") {}

const fromRecords = (
  snapshots: Records.Records<Snapshot.Snapshot>,
  tokens: Records.Records<TokenRecord.TokenRecord>
): SnapshotStore["Service"] => ({
  read: (address) => Effect.map(snapshots.read(address), Option.fromUndefinedOr),
  write: (address, snapshot, timeToLive) =>
    snapshots.update("write", address, (kept, now) =>
      kept !== undefined && Snapshot.isAfter(kept.value, snapshot)
        ? [false]
        : [true, { value: snapshot, expires: Records.expiresAt(now, timeToLive) }]
    ),
  remove: (address) => snapshots.remove(address),
  spend: (instance, token, next, timeToLive, instead) =>
    tokens.update("spend", instance, (kept, now) => {
      const [answer, value] = TokenRecord.spend(kept?.value, token, next, instead)
      return value === undefined ? [answer] : [answer, { value, expires: renewed(kept, now, timeToLive) }]
    }),
  retire: (instance, position, timeToLive) =>
    tokens.update("retire", instance, (kept, now) => {
      const value = TokenRecord.retire(kept?.value, position)
      return [value.next, { value, expires: renewed(kept, now, timeToLive) }]
    })
})

/** A record of tokens outlives them all: renewing it does not shorten its time. */
const renewed = (kept: Records.Kept<unknown> | undefined, now: number, timeToLive: Duration.Duration): number =>
  Math.max(kept?.expires ?? 0, Records.expiresAt(now, timeToLive))

const fromEntries = <E>(entries: RecordEntries.Entries<E>) =>
  Effect.gen(function* () {
    const snapshots = yield* RecordEntries.make(entries, "snapshot", Snapshot.Snapshot)
    const tokens = yield* RecordEntries.make(entries, "token", TokenRecord.TokenRecord)
    return fromRecords(snapshots, tokens)
  })

/** Keeps them in the memory of this process. */
export const layerMemory: Layer.Layer<SnapshotStore> = Layer.effect(
  SnapshotStore,
  Effect.gen(function* () {
    return fromRecords(
      yield* Records.makeMemory<Snapshot.Snapshot>(),
      yield* Records.makeMemory<TokenRecord.TokenRecord>()
    )
  })
)

/** Keeps them in a KeyValueStore, which no other process may use for this at the same time. */
export const layerKeyValueStore: Layer.Layer<SnapshotStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  SnapshotStore,
  Effect.flatMap(KeyValueStore.KeyValueStore, fromEntries)
)

/**
 * Keeps them in files of a folder, which is created and which no other process may use at the same time. They survive the
 * process, however it ends; after a power cut the last changes may be missing.
 */
export const layerFolder = (directory: string): Layer.Layer<SnapshotStore, SnapshotStoreError> =>
  Layer.effect(SnapshotStore, Effect.flatMap(RecordFolder.make(directory), fromEntries)).pipe(
    Layer.provide(NodeFileSystem.layer)
  )

/** Keeps them in PostgreSQL, for any number of servers. Creates the tables `fibra_snapshots`, `fibra_tokens`, `fibra_migrations`. */
export const layerSql: Layer.Layer<SnapshotStore, SnapshotStoreError, SqlClient.SqlClient> = Layer.effect(
  SnapshotStore,
  SnapshotSql.make
)
