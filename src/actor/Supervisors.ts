/** The supervisors of a program that run now, for whoever shows them. They are listed by themselves, and with them ends their entry. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type { ChildStatus, Strategy } from "./ChildSpec.ts"

/** A supervisor, as it is when it is read. */
export interface RunningSupervisor {
  /** Its name, after those of the supervisors and children that it runs in: `app / feed / parser`. */
  readonly path: string
  readonly strategy: Strategy
  /** Crashes of all children together that are tolerated `within` the time. */
  readonly intensity: number
  readonly within: Duration.Duration
  readonly list: ReadonlyArray<ChildStatus>
}

/** All of them, in the order in which they have started. */
export const Supervisors = Context.Reference<Set<RunningSupervisor>>("fibra/actor/Supervisors", {
  defaultValue: () => new Set()
})

/** The path of the child that something runs in; empty outside. */
export const ParentPath = Context.Reference<string>("fibra/actor/ParentPath", { defaultValue: () => "" })

/** The path of a name below another one. */
export const below = (parent: string, name: string): string => (parent === "" ? name : `${parent} / ${name}`)
