/**
 * What is remembered of the state tokens of one instance, so that each is used once and none after a later one: two
 * positions in their order, however many tokens there were. The last token that was spent, and later ones of its epoch,
 * may be spent again until a token that came of that is in use, because the client may not have got the answer. Then the
 * later one is the last that was spent.
 */
import * as Schema from "effect/Schema"

/** A position in the order of the tokens of one instance: by epoch, then by serial. */
export interface Position {
  readonly epoch: number
  readonly serial: number
}

const Position: Schema.Codec<Position> = Schema.Struct({ epoch: Schema.Natural, serial: Schema.Natural })

/** The record of one instance. */
export interface TokenRecord {
  /** Tokens before this position are refused. */
  readonly next: Position
  /** The last token that was spent; null for none. */
  readonly spent: Position | null
  /** Whether no token that came of `spent` is known to be in use; then `next` is the first of them. */
  readonly unused?: true
}

/** Decodes a record from a store. */
export const TokenRecord: Schema.Codec<TokenRecord> = Schema.Struct({
  next: Position,
  spent: Schema.NullOr(Position),
  unused: Schema.optionalKey(Schema.Literal(true))
})

/** The token was spent before, and no token from `successor` on is known to be in use. */
export interface Unused {
  readonly successor: Position
}

/** The result of spending a token. */
export type Spending = "accepted" | "spent" | "stale" | Unused

const isBefore = (a: Position, b: Position): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.serial < b.serial)

const isSame = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.serial === b.serial

/** Whether this token may be spent in place of what came of the last one. */
const isAgain = ({ spent, unused }: TokenRecord, token: Position): boolean =>
  unused === true && spent?.epoch === token.epoch && token.serial >= spent.serial

/** The result of spending `token` and, when it is accepted, the new record. */
export const spend = (
  record: TokenRecord | undefined,
  token: Position,
  next: Position,
  instead?: Position
): readonly [Spending, TokenRecord?] => {
  const accepted = ["accepted", { next, spent: token, unused: true }] as const
  if (record === undefined || !isBefore(token, record.next)) return accepted
  const { next: successor, spent } = record
  if (!isAgain(record, token)) return [spent !== null && isSame(spent, token) ? "spent" : "stale"]
  const isReplaced = instead !== undefined && isSame(instead, successor) && isBefore(successor, next)
  if (isReplaced) return accepted
  return spent !== null && isBefore(spent, token) ? [{ successor }, { ...record, spent: token }] : [{ successor }]
}

/** The first token from `position` on that is accepted, and the new record: earlier ones are refused, because it is in use. */
export const retire = (record: TokenRecord | undefined, position: Position): readonly [Position, TokenRecord] => {
  if (record === undefined) return [position, { next: position, spent: null }]
  if (!isBefore(position, record.next)) return [position, { next: position, spent: record.spent }]
  return [isAgain(record, position) ? position : record.next, record]
}
