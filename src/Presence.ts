/**
 * Presence: one entry for each person, in the order they came, with their pages and processes merged into one. A person
 * is a principal; each anonymous client is a person of its own.
 */
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import type { Fields, PureSchema } from "./StateCodec.ts"

/** `away` when every client of the person has lost its connection and may still come back. */
export const PersonStatus = Schema.Literals(["online", "away"])
/** `away` when every client of the person has lost its connection and may still come back. */
export type PersonStatus = typeof PersonStatus.Type

/** A person who is present. */
export interface Person<Metadata = unknown> {
  /** The id of the principal; for an anonymous client, its connection id. */
  readonly id: string
  readonly status: PersonStatus
  /** How many clients they are present with. */
  readonly clients: number
  /** As the contract declares it. Of several clients, the value that was tracked last. */
  readonly metadata: Metadata
}

/** One difference between two lists. */
export type Change<Metadata = unknown> =
  | { readonly _tag: "Joined"; readonly person: Person<Metadata> }
  | { readonly _tag: "Left"; readonly person: Person<Metadata> }
  | { readonly _tag: "Updated"; readonly person: Person<Metadata>; readonly before: Person<Metadata> }

/** The list, as a state with one field. */
export const fields = (metadata: Fields): { readonly people: PureSchema } => ({
  people: Schema.Array(
    Schema.Struct({ id: Schema.String, status: PersonStatus, clients: Schema.Int, metadata: Schema.Struct(metadata) })
  )
})

/**
 * The differences between two lists: who left, who joined and who changed, compared by value, in the order of the
 * lists.
 */
export const changes = <Metadata>(
  before: ReadonlyArray<Person<Metadata>>,
  after: ReadonlyArray<Person<Metadata>>
): ReadonlyArray<Change<Metadata>> => {
  if (before === after) return []
  const were = new Map(before.map((person) => [person.id, person]))
  const are = new Map(after.map((person) => [person.id, person]))
  const happened: Array<Change<Metadata>> = []
  for (const person of before) if (!are.has(person.id)) happened.push({ _tag: "Left", person })
  for (const person of after) {
    const earlier = were.get(person.id)
    if (earlier === undefined) happened.push({ _tag: "Joined", person })
    else if (!Equal.equals(earlier, person)) happened.push({ _tag: "Updated", person, before: earlier })
  }
  return happened
}
