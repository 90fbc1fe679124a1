/**
 * What one principal may see of an instance, made once for all of its clients. It is read like the instance itself; what the view
 * leaves out is in nothing that is made here. A view that fails leaves what was seen last, and says that it is faulted.
 */
import * as Effect from "effect/Effect"
import type * as Component from "../../Component.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import * as Patch from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { Encoded } from "../../StateCodec.ts"
import { ChangeLogs } from "./ChangeLogs.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { StateCursor, Source } from "./StateCursor.ts"

/** The instance, as far as it is to be seen. */
export interface Original {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly epoch: number
  readonly revision: number
  readonly conflateAfter: number
  readonly clientStatus: InstanceStatus
  readonly definition: { readonly component: Component.Any }
  readonly cell: { readonly state: unknown }
  confirmed: number
  readonly refresh: () => void
  readonly report: (log: Effect.Effect<void>) => void
}

/** What one principal may see of an instance. */
export class StateView implements Source {
  readonly rank = 0
  readonly id: ComponentId
  readonly key: string | undefined
  readonly logs: ChangeLogs
  readonly epoch: number
  readonly cursors = new Set<StateCursor>()
  encoded: Encoded
  revision: number
  readonly #instance: Original
  readonly #view: Component.View<unknown>
  readonly #principal: Principal | undefined
  #seen: unknown
  #isFaulted = false

  /** Throws when the view does. */
  constructor(
    instance: Original,
    view: Component.View<unknown>,
    principal: Principal | undefined,
    config: LiveConfig.Settings
  ) {
    this.id = instance.id
    this.key = instance.key
    this.epoch = instance.epoch
    this.revision = instance.revision
    this.logs = new ChangeLogs(config)
    this.#instance = instance
    this.#view = view
    this.#principal = principal
    this.#seen = view(instance.cell.state, principal)
    this.encoded = this.#encode(this.#seen, undefined)
  }

  get clientStatus(): InstanceStatus {
    return this.#isFaulted ? "faulted" : this.#instance.clientStatus
  }

  get conflateAfter(): number {
    return this.#instance.conflateAfter
  }

  get confirmed(): number {
    return this.#instance.confirmed
  }

  set confirmed(serial: number) {
    this.#instance.confirmed = serial
  }

  refresh(): void {
    this.#instance.refresh()
  }

  /** The state of the instance is another one. */
  publish(state: unknown, by: string | undefined): void {
    const before = this.encoded
    try {
      const seen = this.#view(state, this.#principal)
      this.encoded = this.#encode(seen, { from: this.#seen, to: before })
      this.#seen = seen
      this.#isFaulted = false
    } catch (defect) {
      if (this.#isFaulted) return
      this.#isFaulted = true
      return this.#instance.report(Effect.logError("The view of a component failed", defect))
    }
    const patch = Patch.diff(before, this.encoded)
    if (patch.length === 0) return
    this.revision++
    this.logs.append(this, patch, by)
  }

  #encode(seen: unknown, previous: { readonly from: unknown; readonly to: Encoded } | undefined): Encoded {
    return this.#instance.definition.component.codec.state.encode(seen, previous)
  }
}
