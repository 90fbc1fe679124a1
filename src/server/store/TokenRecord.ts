/**
 * What is remembered of the state tokens of one instance, so that each is used once and none after a later one: two places in
 * their order, however many tokens there were. It knows neither what is in a token nor where the record is kept.
 */
import * as Schema from "effect/Schema"

/** A place in the order of the tokens of one instance: by epoch, then by serial. */
export interface Position {
  readonly epoch: number
  readonly serial: number
}

const Position: Schema.Codec<Position> = Schema.Struct({ epoch: Schema.Natural, serial: Schema.Natural })

/** What is remembered. */
export interface TokenRecord {
  /** Tokens before it are refused. */
  readonly next: Position
  /** The token that was spent last; null when none was. */
  readonly spent: Position | null
}

/** Decodes a record that was stored. */
export const TokenRecord: Schema.Codec<TokenRecord> = Schema.Struct({
  next: Position,
  spent: Schema.NullOr(Position)
})

const isBefore = (a: Position, b: Position): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.serial < b.serial)

/** The record after `token` was spent, or why it is refused. */
export const spend = (
  record: TokenRecord | undefined,
  token: Position,
  next: Position
): TokenRecord | "spent" | "stale" => {
  if (record === undefined || !isBefore(token, record.next)) return { next, spent: token }
  const { spent } = record
  return spent !== null && spent.epoch === token.epoch && spent.serial === token.serial ? "spent" : "stale"
}

/** The record after tokens before `position` were refused. */
export const retire = (record: TokenRecord | undefined, position: Position): TokenRecord =>
  record === undefined
    ? { next: position, spent: null }
    : { next: isBefore(record.next, position) ? position : record.next, spent: record.spent }
