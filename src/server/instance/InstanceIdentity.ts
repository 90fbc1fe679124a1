/** What an instance begins with: what distinguishes it from others and, in a later life, the state of the one before. */
import type { ComponentId } from "../../LiveId.ts"
import type { Principal } from "../../Principal.ts"
import type { Json } from "../../Patch.ts"
import type { Encoded } from "../../StateCodec.ts"

/** The state with which a later life begins. */
export interface RecoveredState {
  /** The epoch of the new life. */
  readonly epoch: number
  readonly revision: number
  /** Encoded by the contract. */
  readonly state: Encoded
  /** The presence metadata that was tracked of the clients of a private instance, encoded. */
  readonly presence?: Json | undefined
}

/** What distinguishes one instance from others. */
export interface InstanceIdentity {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  /** The principal it belongs to; undefined for a shared instance. */
  readonly principal: Principal | undefined
  /** Undefined for a first life. */
  readonly recovered: RecoveredState | undefined
}
