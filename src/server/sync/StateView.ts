/**
 * What one principal may see of a state, computed once for all clients of that principal, and read like the state
 * itself. When a view throws, its clients keep what they saw last, with the status `faulted`.
 */
import type * as Component from "../../Component.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import { assertText } from "../../Json.ts"
import * as Patch from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { Encoded, StateCodec } from "../../StateCodec.ts"
import { ChangeLogs } from "./ChangeLogs.ts"
import * as Footprint from "../Footprint.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { StateCursor, Source } from "./StateCursor.ts"

/** The view, and what all principals share. */
export interface Viewing {
  readonly view: Component.View<unknown>
  readonly codec: StateCodec<unknown>
  readonly config: LiveConfig.Settings
  /** Called with the first failure after the view has worked. */
  readonly failed: (defect: unknown) => void
}

/** The state as one principal sees it. */
export class StateView implements Source {
  readonly rank = 0
  readonly id: ComponentId
  readonly key: string | undefined
  readonly logs: ChangeLogs
  readonly epoch: number
  readonly cursors = new Set<StateCursor>()
  readonly #original: Source
  readonly #principal: Principal | undefined
  readonly #viewing: Viewing
  #encoded: Encoded
  #revision: number
  #seen: unknown
  #isFaulted = false
  #measured: { readonly encoded: Encoded; readonly bytes: number } | undefined

  /** Throws when the view does. */
  constructor(original: Source, state: unknown, principal: Principal | undefined, viewing: Viewing) {
    this.id = original.id
    this.key = original.key
    this.epoch = original.epoch
    this.logs = new ChangeLogs(viewing.config)
    this.#original = original
    this.#principal = principal
    this.#viewing = viewing
    this.#revision = original.revision
    this.#seen = viewing.codec.freeze(viewing.view(state, principal))
    this.#encoded = viewing.codec.encode(this.#seen, undefined)
    assertText(this.#encoded)
  }

  get encoded(): Encoded {
    return this.#encoded
  }

  /** About how many bytes it holds: what it shows, as far as that is not the state itself, and changes in the log. */
  get bytes(): number {
    const encoded = this.#encoded
    if (this.#measured?.encoded !== encoded) {
      const bytes = encoded === this.#original.encoded ? 0 : Footprint.ofJson(encoded)
      this.#measured = { encoded, bytes }
    }
    return this.#measured.bytes + this.logs.bytes
  }

  get revision(): number {
    return this.#revision
  }

  get clientStatus(): InstanceStatus | undefined {
    return this.#isFaulted ? "faulted" : this.#original.clientStatus
  }

  get conflateAfter(): number {
    return this.#original.conflateAfter
  }

  confirm(serial: number, isAcknowledged: boolean): void {
    this.#original.confirm(serial, isAcknowledged)
  }

  refresh(): void {
    this.#original.refresh()
  }

  /** The state changed; `by` is the call that caused it. */
  publish(state: unknown, by: string | undefined): void {
    const before = this.#encoded
    const { codec, failed, view } = this.#viewing
    let change: ReturnType<typeof Patch.change>
    try {
      const seen = codec.freeze(view(state, this.#principal), this.#seen)
      change = Patch.change(before, codec.encode(seen, { from: this.#seen, to: before }))
      assertText(change.patch)
      this.#seen = seen
      this.#isFaulted = false
    } catch (defect) {
      if (this.#isFaulted) return
      this.#isFaulted = true
      return failed(defect)
    }
    this.#encoded = change.value as Encoded
    if (change.patch.length === 0) return
    this.#revision++
    this.logs.append(this, change, by)
  }
}
