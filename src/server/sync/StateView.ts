/**
 * What one principal may see of a state, made once for all of its clients. It is read like the state itself; what the view leaves out
 * is in nothing that is made here. A view that fails leaves what was seen last, and says that it is faulted.
 */
import type * as Component from "../../Component.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import * as Patch from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { Encoded, StateCodec } from "../../StateCodec.ts"
import { ChangeLogs } from "./ChangeLogs.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { StateCursor, Source } from "./StateCursor.ts"

/** How all principals see a state. */
export interface Viewing {
  readonly view: Component.View<unknown>
  readonly codec: StateCodec<unknown>
  readonly config: LiveConfig.Settings
  /** Told of the first failure of a view that did not fail before. */
  readonly failed: (defect: unknown) => void
}

/** What one principal may see. */
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
    this.#seen = viewing.view(state, principal)
    this.#encoded = viewing.codec.encode(this.#seen, undefined)
  }

  get encoded(): Encoded {
    return this.#encoded
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

  confirm(serial: number): void {
    this.#original.confirm(serial)
  }

  refresh(): void {
    this.#original.refresh()
  }

  /** The state is another one; `by` names the call it comes from. */
  publish(state: unknown, by: string | undefined): void {
    const before = this.#encoded
    const { codec, failed, view } = this.#viewing
    try {
      const seen = view(state, this.#principal)
      this.#encoded = codec.encode(seen, { from: this.#seen, to: before })
      this.#seen = seen
      this.#isFaulted = false
    } catch (defect) {
      if (this.#isFaulted) return
      this.#isFaulted = true
      return failed(defect)
    }
    const patch = Patch.diff(before, this.#encoded)
    if (patch.length === 0) return
    this.#revision++
    this.logs.append(this, patch, by)
  }
}
