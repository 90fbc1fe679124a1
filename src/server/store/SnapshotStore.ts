/**
 * Stores the states of components, so that they outlive their process, and remembers which state tokens were used. It
 * neither encodes states nor makes tokens, and does not decide what is stored. There are four layers: in memory, in a
 * KeyValueStore, in a folder, and in PostgreSQL. Only the last one can be shared by several servers.
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

/** Snapshots under addresses, and the records of state tokens. Expired entries count as absent. */
export class SnapshotStore extends Context.Service<
  SnapshotStore,
  {
    /** The snapshot under this address. */
    readonly read: (address: string) => Effect.Effect<Option.Option<Snapshot.Snapshot>, SnapshotStoreError>
    /**
     * Replaces an older or equal snapshot. It expires after `timeToLive`, or never without one. Returns false, and
     * changes nothing, when the stored snapshot has a later epoch, or a later revision of the same epoch.
     */
    readonly write: (
      address: string,
      snapshot: Snapshot.Snapshot,
      timeToLive?: Duration.Duration
    ) => Effect.Effect<boolean, SnapshotStoreError>
    /** Removes the snapshot under this address. */
    readonly remove: (address: string) => Effect.Effect<void, SnapshotStoreError>
    /**
     * Spends the token at this position; of several attempts, exactly one is first. `accepted`: the token was valid;
     * from now on all tokens before `next`, which must be after `token`, are refused. `spent`: it was the last token to
     * be spent, and a later one is in use. `stale`: tokens up to some later position are refused already. The record is
     * kept for at least `timeToLive`.
     *
     * It may have been spent before without the client hearing of it. As long as no token that came of that is in use,
     * the answer for it, and for later tokens of its epoch, is then the `successor`; tokens before the one that came
     * last are refused, and nothing else changes. A caller that passes that on as `instead`, with a later `next`, is accepted in its place. So a request that is carried out late
     * changes nothing that was decided meanwhile.
     */
    readonly spend: (
      instance: string,
      token: TokenRecord.Position,
      next: TokenRecord.Position,
      timeToLive: Duration.Duration,
      instead?: TokenRecord.Position
    ) => Effect.Effect<TokenRecord.Spending, SnapshotStoreError>
    /**
     * A token at this position is in use: for at least `timeToLive`, all tokens before it are refused; those that are
     * refused already stay refused. Returns the position from which tokens are accepted now (a later one, if there were
     * later tokens); undefined from a store that cannot tell.
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
      const [first, value] = TokenRecord.retire(kept?.value, position)
      return [first, { value, expires: renewed(kept, now, timeToLive) }]
    })
})

/** The record outlives all tokens it is about: renewing it never shortens its time. */
const renewed = (kept: Records.Kept<unknown> | undefined, now: number, timeToLive: Duration.Duration): number =>
  Math.max(kept?.expires ?? 0, Records.expiresAt(now, timeToLive))

const fromEntries = <E>(entries: RecordEntries.Entries<E>) =>
  Effect.gen(function* () {
    const snapshots = yield* RecordEntries.make(entries, "snapshot", Snapshot.Snapshot)
    const tokens = yield* RecordEntries.make(entries, "token", TokenRecord.TokenRecord)
    return fromRecords(snapshots, tokens)
  })

/** In the memory of this process. */
export const layerMemory: Layer.Layer<SnapshotStore> = Layer.effect(
  SnapshotStore,
  Effect.gen(function* () {
    return fromRecords(
      yield* Records.makeMemory<Snapshot.Snapshot>(),
      yield* Records.makeMemory<TokenRecord.TokenRecord>()
    )
  })
)

/** In a KeyValueStore, which no other process may use for this at the same time. */
export const layerKeyValueStore: Layer.Layer<SnapshotStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  SnapshotStore,
  Effect.flatMap(KeyValueStore.KeyValueStore, fromEntries)
)

/**
 * In files of a folder, which is created, and which no other process may use at the same time. They survive the
 * process, however it ends; after a power cut the last changes may be missing.
 */
export const layerFolder = (directory: string): Layer.Layer<SnapshotStore, SnapshotStoreError> =>
  Layer.effect(SnapshotStore, Effect.flatMap(RecordFolder.make(directory), fromEntries)).pipe(
    Layer.provide(NodeFileSystem.layer)
  )

/**
 * In PostgreSQL, for any number of servers. Creates the tables `fibra_snapshots`, `fibra_tokens` and
 * `fibra_migrations`.
 *
 * <!-- snippet: test/examples/Stores.test.ts#postgres -->
 *
 * ```ts
 * // For any number of processes: PostgreSQL, at `postgres://user:password@host/database`.
 * const inPostgres = notes.pipe(
 *   Layer.provide(SnapshotStore.layerSql), // creates its tables
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
 * )
 * ```
 */
export const layerSql: Layer.Layer<SnapshotStore, SnapshotStoreError, SqlClient.SqlClient> = Layer.effect(
  SnapshotStore,
  SnapshotSql.make
)
