/**
 * Who is there: one entry for each person, whose pages and processes are merged into one, in the order they came. A person is a
 * principal; of the anonymous, each client is one of its own.
 */
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import type { Fields, PureSchema } from "./StateCodec.ts"

/** Whether somebody is there: `away` when every one of their clients has lost its connection and may come back. */
export const PersonStatus = Schema.Literals(["online", "away"])
/** Whether somebody is there: `away` when every one of their clients has lost its connection and may come back. */
export type PersonStatus = typeof PersonStatus.Type

/** Somebody who is there. */
export interface Person<Metadata = unknown> {
  /** The id of the principal, or, of an anonymous one, the name of its connection. */
  readonly id: string
  readonly status: PersonStatus
  /** How many clients they are there with. */
  readonly clients: number
  /** What the contract says is to be known of them; of several clients, what was tracked last. */
  readonly metadata: Metadata
}

/** What happened between two lists. */
export type Change<Metadata = unknown> =
  | { readonly _tag: "Joined"; readonly person: Person<Metadata> }
  | { readonly _tag: "Left"; readonly person: Person<Metadata> }
  | { readonly _tag: "Updated"; readonly person: Person<Metadata>; readonly before: Person<Metadata> }

/** The list, as a state of one field. */
export const fields = (metadata: Fields): { readonly people: PureSchema } => ({
  people: Schema.Array(
    Schema.Struct({ id: Schema.String, status: PersonStatus, clients: Schema.Int, metadata: Schema.Struct(metadata) })
  )
})

/** What happened between two lists: who left, who joined, and who changed, compared by value, in the order of the lists. */
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
