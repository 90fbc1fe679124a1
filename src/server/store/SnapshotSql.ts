/**
 * Snapshots and token records in PostgreSQL, for any number of servers. Every change is one statement, so the
 * database decides which of several servers wins. Times come from the servers, not from the database: keep their clocks
 * in sync.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { hash } from "./RecordEntries.ts"
import * as Records from "./Records.ts"
import { Snapshot } from "./Snapshot.ts"
import { type Operation, SnapshotStoreError } from "./SnapshotStoreError.ts"
import type { Position } from "./TokenRecord.ts"

// The id is a hash of the address, because PostgreSQL's text can hold neither a NUL nor a lone surrogate; the address
// column is for people. Arrays of two numbers compare as positions do. `spent` has a third number, 0, while no later
// token is in use.
const migrations = Migrator.fromRecord({
  "1_snapshots_and_tokens": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE fibra_snapshots (
      id text PRIMARY KEY,
      address text NOT NULL,
      epoch bigint NOT NULL,
      revision bigint NOT NULL,
      snapshot text NOT NULL,
      expires bigint NOT NULL
    )`
    yield* sql`CREATE INDEX fibra_snapshots_expires ON fibra_snapshots (expires)`
    yield* sql`CREATE TABLE fibra_tokens (
      id text PRIMARY KEY,
      address text NOT NULL,
      next bigint[] NOT NULL,
      spent bigint[],
      expires bigint NOT NULL
    )`
    yield* sql`CREATE INDEX fibra_tokens_expires ON fibra_tokens (expires)`
  })
})

const migrate = Migrator.make({})({ loader: migrations, table: "fibra_migrations" })

const readable = (address: string): string => address.toWellFormed().replaceAll("\0", "\ufffd")

/** The operations of a SnapshotStore, in the database of the SqlClient. Creates its tables when they are missing. */
export const make = Effect.gen(function* () {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()

  const failing = (operation: Operation, address: string) =>
    Effect.mapError((cause: unknown) => new SnapshotStoreError({ operation, address, cause }))

  yield* sql
    .onDialectOrElse({
      pg: () => migrate,
      orElse: () => Effect.fail("the SqlClient speaks another language")
    })
    .pipe(failing("open", "PostgreSQL"))

  yield* Records.sweeping(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* sql`DELETE FROM fibra_snapshots WHERE expires <= ${now}`
      yield* sql`DELETE FROM fibra_tokens WHERE expires <= ${now}`
    }).pipe(failing("forget", "PostgreSQL"))
  )

  const decode = Schema.decodeEffect(Schema.fromJsonString(Snapshot))
  const array = ({ epoch, serial }: Position) => sql`ARRAY[${epoch}, ${serial}]::bigint[]`
  const unused = ({ epoch, serial }: Position) => sql`ARRAY[${epoch}, ${serial}, 0]::bigint[]`
  /** Whether the token may be spent in place of what was spent last. */
  const again = ({ epoch, serial }: Position) =>
    sql`array_length(kept.spent, 1) = 3 AND kept.spent[1] = ${epoch} AND kept.spent[2] <= ${serial}`

  return {
    read: Effect.fnUntraced(function* (address: string) {
      const id = hash(address)
      const now = yield* Clock.currentTimeMillis
      const rows = yield* sql<{ readonly snapshot: string }>`
        SELECT snapshot FROM fibra_snapshots WHERE id = ${id} AND expires > ${now}`.pipe(failing("read", address))
      if (rows[0] === undefined) return Option.none<Snapshot>()
      const snapshot = yield* decode(rows[0].snapshot).pipe(
        Effect.mapError((cause) => {
          const unreadable = `the row "${id}" of fibra_snapshots`
          return new SnapshotStoreError({ operation: "read", address, unreadable, cause })
        })
      )
      return Option.some(snapshot)
    }),

    write: Effect.fnUntraced(function* (address: string, snapshot: Snapshot, timeToLive?: Duration.Duration) {
      const now = yield* Clock.currentTimeMillis
      const { epoch, revision } = snapshot
      const rows = yield* sql`
        INSERT INTO fibra_snapshots AS kept (id, address, epoch, revision, snapshot, expires)
        VALUES (${hash(address)}, ${readable(address)}, ${epoch}, ${revision}, ${JSON.stringify(snapshot)},
          ${Records.expiresAt(now, timeToLive)})
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision,
          snapshot = excluded.snapshot, expires = excluded.expires
        WHERE kept.expires <= ${now} OR (kept.epoch, kept.revision) <= (excluded.epoch, excluded.revision)
        RETURNING id`.pipe(failing("write", address))
      return rows.length > 0
    }),

    remove: (address: string) =>
      sql`DELETE FROM fibra_snapshots WHERE id = ${hash(address)}`.pipe(Effect.asVoid, failing("remove", address)),

    spend: Effect.fnUntraced(function* (
      instance: string,
      token: Position,
      next: Position,
      timeToLive: Duration.Duration,
      instead?: Position
    ) {
      const id = hash(instance)
      const now = yield* Clock.currentTimeMillis
      const inPlace =
        instead === undefined
          ? sql`FALSE`
          : sql`${again(token)} AND kept.next = ${array(instead)} AND kept.next < excluded.next`
      const accepted = yield* sql`
        INSERT INTO fibra_tokens AS kept (id, address, next, spent, expires)
        VALUES (${id}, ${readable(instance)}, ${array(next)}, ${unused(token)}, ${Records.expiresAt(now, timeToLive)})
        ON CONFLICT (id) DO UPDATE SET next = excluded.next, spent = excluded.spent,
          expires = GREATEST(kept.expires, excluded.expires)
        WHERE kept.expires <= ${now} OR kept.next <= ${array(token)} OR (${inPlace})
        RETURNING id`.pipe(failing("spend", instance))
      if (accepted.length > 0) return "accepted"
      // It may have changed since, which only makes this answer more accurate.
      const [repeated] = yield* sql<Columns>`
        UPDATE fibra_tokens AS kept SET spent = ${unused(token)}, expires = CASE
          WHEN kept.spent[2] < ${token.serial} THEN GREATEST(kept.expires, ${Records.expiresAt(now, timeToLive)})
          ELSE kept.expires END
        WHERE id = ${id} AND ${again(token)}
        RETURNING next[1]::text AS epoch, next[2]::text AS serial`.pipe(failing("spend", instance))
      if (repeated !== undefined) return { successor: positionOf(repeated) }
      const [spent] = yield* sql`
        SELECT id FROM fibra_tokens WHERE id = ${id} AND spent[1:2] = ${array(token)}`.pipe(failing("spend", instance))
      return spent === undefined ? "stale" : "spent"
    }),

    retire: Effect.fnUntraced(function* (instance: string, position: Position, timeToLive: Duration.Duration) {
      const now = yield* Clock.currentTimeMillis
      const [kept] = yield* sql<{ readonly isAgain: boolean } & Columns>`
        INSERT INTO fibra_tokens AS kept (id, address, next, expires)
        VALUES (${hash(instance)}, ${readable(instance)}, ${array(position)}, ${Records.expiresAt(now, timeToLive)})
        ON CONFLICT (id) DO UPDATE SET
          next = CASE WHEN kept.expires <= ${now} THEN excluded.next ELSE GREATEST(kept.next, excluded.next) END,
          spent = CASE
            WHEN kept.expires <= ${now} THEN NULL
            WHEN kept.next <= excluded.next THEN kept.spent[1:2]
            ELSE kept.spent END,
          expires = GREATEST(kept.expires, excluded.expires)
        RETURNING COALESCE(${again(position)}, FALSE) AS "isAgain", next[1]::text AS epoch, next[2]::text AS serial`.pipe(
        failing("retire", instance)
      )
      if (kept === undefined) return undefined
      return kept.isAgain ? position : positionOf(kept)
    })
  }
})

/** A position as PostgreSQL returns it: its bigints are texts. */
interface Columns {
  readonly epoch: string
  readonly serial: string
}

const positionOf = ({ epoch, serial }: Columns): Position => ({ epoch: Number(epoch), serial: Number(serial) })
