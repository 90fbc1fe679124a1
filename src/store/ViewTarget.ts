/** What a view asks for, as far as it says which component that is. */
import type * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import type { MountTarget } from "../client/Mounter.ts"
import type * as Component from "../Component.ts"

/** What a view asks for. */
export type ViewTarget<C extends Component.Typed> = MountTarget & {
  readonly props?: Component.Props<C> | undefined
  /** Whether it is mounted without `mount` (true). */
  readonly autoMount?: boolean | undefined
  /** How long it stays mounted without a view (5 seconds). */
  readonly gcTime?: Duration.Input | undefined
}

/** Whether two views ask for the same; props are compared by value. */
export const isSame = <C extends Component.Typed>(a: ViewTarget<C>, b: ViewTarget<C>): boolean =>
  a.key === b.key &&
  a.room === b.room &&
  a.cacheKey === b.cacheKey &&
  a.userId === b.userId &&
  Equal.equals(a.props ?? {}, b.props ?? {})
