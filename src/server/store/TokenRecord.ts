/**
 * What is remembered of the state tokens of one instance, so that each is used once and none after a later one: two places in
 * their order, however many tokens there were. The token that was spent last may be spent again until one that came after it is
 * in use, for whoever spent it may never have heard that it did. It knows neither what is in a token nor where the record is kept.
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
  /** Whether none of the tokens that came after `spent` is known to be in use: `next` is the first of them then. */
  readonly unused?: true
}

/** Decodes a record that was stored. */
export const TokenRecord: Schema.Codec<TokenRecord> = Schema.Struct({
  next: Position,
  spent: Schema.NullOr(Position),
  unused: Schema.optionalKey(Schema.Literal(true))
})

/** It was spent before, and no token from this position on, which came of that, is known to be in use. */
export interface Unused {
  readonly successor: Position
}

/** What becomes of a token that is to be spent. */
export type Spending = "accepted" | "spent" | "stale" | Unused

const isBefore = (a: Position, b: Position): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.serial < b.serial)

const isSame = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.serial === b.serial

/** What becomes of `token`, and when it is accepted the record after that. */
export const spend = (
  record: TokenRecord | undefined,
  token: Position,
  next: Position,
  instead?: Position
): readonly [Spending, TokenRecord?] => {
  const accepted = ["accepted", { next, spent: token, unused: true }] as const
  if (record === undefined || !isBefore(token, record.next)) return accepted
  const { next: successor, spent, unused } = record
  if (spent === null || !isSame(spent, token)) return ["stale"]
  if (unused === undefined) return ["spent"]
  const isReplaced = instead !== undefined && isSame(instead, successor) && isBefore(successor, next)
  return isReplaced ? accepted : [{ successor }]
}

/** The record after tokens before `position` were refused because one from there on is in use. */
export const retire = (record: TokenRecord | undefined, position: Position): TokenRecord => {
  if (record === undefined) return { next: position, spent: null }
  return isBefore(position, record.next) ? record : { next: position, spent: record.spent }
}
