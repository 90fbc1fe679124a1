/** What is seen of a state of which not everyone sees everything: one view for each principal that reads it, and one for all others. */
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

  /** What this client sees of the state. Throws when the view does. */
  of({ principal }: ClientInfo, state: unknown): StateView {
    let view = this.#views.get(principal)
    if (view === undefined) {
      view = new StateView(this.#original, state, principal, this.#viewing)
      this.#views.set(principal, view)
    }
    return view
  }

  /** The claims of a principal may be others. */
  review({ principal }: ClientInfo, state: unknown): void {
    if (principal !== undefined) this.#views.get(principal)?.publish(state, undefined)
  }

  /** The reader wants no more; what nobody reads is not kept. */
  leave(cursor: StateCursor): void {
    const { principal } = cursor.sink.client
    const cursors = this.#views.get(principal)?.cursors
    if (cursors?.delete(cursor) === true && cursors.size === 0) this.#views.delete(principal)
  }

  /** The state is another one. */
  publish(state: unknown, by: string | undefined): void {
    for (const view of this) view.publish(state, by)
  }

  /** Characters of the changes that are remembered. */
  get bytes(): number {
    let bytes = 0
    for (const { logs } of this) bytes += logs.bytes
    return bytes
  }

  [Symbol.iterator](): Iterator<StateView> {
    return this.#views.values()
  }
}
