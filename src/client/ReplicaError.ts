/** Why a component is not on a client: the errors a replica makes itself. */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type * as Component from "../Component.ts"
import { ClientCrashed, ComponentCrashed, ContractMismatch, InstanceStopped, LiveError } from "../LiveError.ts"
import { time } from "../ErrorText.ts"
import * as Thrown from "../Thrown.ts"
import type { ConnectionMonitor } from "./ConnectionState.ts"

/** It was released. */
export const stopped = ({ componentName }: Component.Typed): LiveError =>
  new LiveError({ reason: new InstanceStopped({ component: componentName }) })

/** The client itself has a defect. */
export const crashed = ({ componentName }: Component.Typed): LiveError =>
  new LiveError({ reason: new ClientCrashed({ component: componentName }) })

/** The server died of the request, or its answer cannot be decoded. */
export const died = (component: string, defect: unknown): LiveError =>
  new LiveError({
    reason: Schema.isSchemaError(defect)
      ? new ContractMismatch({ component, issue: Thrown.describe(defect) })
      : new ComponentCrashed({ component })
  })

/** It was not mounted in time. */
export const tooLate = (monitor: ConnectionMonitor, timeout: Duration.Duration): LiveError =>
  monitor.error(`nothing was mounted within ${time(Duration.toMillis(timeout))}`)

/** The contract cannot decode what the server sent. */
export const unreadable = ({ componentName: component }: Component.Typed, defect: unknown): LiveError =>
  new LiveError({ reason: new ContractMismatch({ component, issue: Thrown.describe(defect) }) })
