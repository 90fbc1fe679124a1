/** Why a component is not on a client: the errors a replica makes itself. */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type * as Component from "../Component.ts"
import { ComponentCrashed, ContractMismatch, Disconnected, InstanceStopped, LiveError } from "../LiveError.ts"
import * as Thrown from "../Thrown.ts"

/** It was released. */
export const stopped = ({ componentName }: Component.Typed): LiveError =>
  new LiveError({ reason: new InstanceStopped({ component: componentName }) })

/** The server died of the request, or its answer cannot be decoded. */
export const died = (component: string, defect: unknown): LiveError =>
  new LiveError({
    reason: Schema.isSchemaError(defect)
      ? new ContractMismatch({ component, issue: Thrown.describe(defect) })
      : new ComponentCrashed({ component })
  })

/** There is no connection. */
export const disconnected = (detail: string): LiveError => new LiveError({ reason: new Disconnected({ detail }) })

/** It was not mounted in time. */
export const tooLate = (timeout: Duration.Duration): LiveError =>
  disconnected(`nothing was mounted within ${Duration.format(timeout)}`)

/** The contract cannot decode what the server sent. */
export const unreadable = ({ componentName: component }: Component.Typed, defect: unknown): LiveError =>
  new LiveError({ reason: new ContractMismatch({ component, issue: Thrown.describe(defect) }) })
