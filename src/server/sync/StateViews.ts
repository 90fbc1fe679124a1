/**
 * The views of a state that not everybody sees whole: one for each principal that reads it, and one for all anonymous
 * clients.
 */
import type { Principal } from "../../Principal.ts"
import type { ClientInfo } from "./ClientInfo.ts"
import type { Source, StateCursor } from "./StateCursor.ts"
import { StateView, type Viewing } from "./StateView.ts"

/** The views of one state. */
export class StateViews implements Iterable<StateView> {
  readonly #original: Source
  readonly #viewing: Viewing
  readonly #views = new Map<Principal | undefined, StateView>()

  constructor(original: Source, viewing: Viewing) {
    this.#original = original
    this.#viewing = viewing
  }

  /** The view of this client. Throws when the view does. */
  of({ principal }: ClientInfo, state: unknown): StateView {
    let view = this.#views.get(principal)
    if (view === undefined) {
      view = new StateView(this.#original, state, principal, this.#viewing)
      this.#views.set(principal, view)
    }
    return view
  }

  /** Computes the view of this client again: the claims of its principal may have changed. */
  review({ principal }: ClientInfo, state: unknown): void {
    if (principal !== undefined) this.#views.get(principal)?.publish(state, undefined)
  }

  /** A cursor is gone; a view without cursors is dropped. */
  leave(cursor: StateCursor): void {
    const { principal } = cursor.sink.client
    const cursors = this.#views.get(principal)?.cursors
    if (cursors?.delete(cursor) === true && cursors.size === 0) this.#views.delete(principal)
  }

  /** The state changed. */
  publish(state: unknown, by: string | undefined): void {
    for (const view of this) view.publish(state, by)
  }

  /** About how many bytes they hold: what each shows, and changes in the logs. */
  get bytes(): number {
    let bytes = 0
    for (const view of this) bytes += view.bytes
    return bytes
  }

  [Symbol.iterator](): Iterator<StateView> {
    return this.#views.values()
  }
}
