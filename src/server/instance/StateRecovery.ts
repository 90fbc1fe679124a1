/**
 * Finds the state with which an instance begins: in a client's token, or in the SnapshotStore, migrated to the present
 * version. It neither activates instances nor uses up tokens.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Thrown from "../../Thrown.ts"
import * as Log from "../../Log.ts"
import { LiveError, SnapshotRejected, TokenRejected, type TokenRejection } from "../../LiveError.ts"
import * as Migration from "../../Migration.ts"
import type { Json } from "../../Patch.ts"
import type { Instance } from "./Instance.ts"
import type { RecoveredState } from "./InstanceIdentity.ts"
import type { Principal } from "../../Principal.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { Snapshot, SnapshotStore } from "../store/SnapshotStore.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { addressOf } from "./StateWriter.ts"
import type { Claims, StateToken } from "../security/StateToken.ts"

/** Refuses a token. */
export const rejected = (component: string, reason: TokenRejection, cause?: Error): Effect.Effect<never, LiveError> => {
  // Tokens expire with time and become too new during deploys: neither needs anybody's attention.
  const log = reason === "expired" || reason === "newer" ? Log.info : Log.warning
  const issue = cause === undefined ? undefined : Thrown.messageOf(cause)
  const line = log("A state token was rejected", { component, reason, issue })
  return Effect.andThen(
    RejectionLog.limited(`state token ${component} ${reason}`, line),
    Effect.fail(new LiveError({ reason: new TokenRejected({ reason }) }))
  )
}

/** Opens a token, and checks that it is for this component, principal and props. */
export const open = (
  tokens: StateToken["Service"],
  definition: ComponentDefinition,
  presented: { readonly token: string; readonly props: Json | undefined },
  principal: Principal | undefined
): Effect.Effect<Claims, LiveError> => {
  const { adopt: adopts, componentName: component, version } = definition.component
  const opened = tokens.open(presented.token, { component, principal: principal?.id ?? null, adopts })
  return Effect.matchEffect(opened, {
    onFailure: (error) =>
      error._tag === "TokenRejected" ? rejected(component, error.reason) : unreadable(component, "unavailable", error),
    onSuccess: (claims) =>
      presented.props === undefined || isCompatible(claims.props, presented.props, claims.version === version)
        ? Effect.succeed(claims)
        : rejected(component, "props")
  })
}

/**
 * The state for a token: the newest of the one in the token, the one in the store, and that of `last`, its instance
 * that has stopped here.
 */
export const fromToken = (
  store: SnapshotStore["Service"],
  definition: ComponentDefinition,
  claims: Claims,
  principal: Principal | undefined,
  last: Instance | undefined
): Effect.Effect<RecoveredState, LiveError> =>
  Effect.flatMap(stored(store, definition, { key: undefined, id: claims.instance }), (snapshot) => {
    const component = definition.component.componentName
    const known: ReadonlyArray<Known> = [
      ...Option.toArray(snapshot),
      ...(last === undefined
        ? []
        : [{ epoch: last.epoch, revision: last.revision, state: last.encoded, version: definition.component.version }])
    ]
    // A token without a state refers to the store; if the write never came through, an older state is better than none.
    const newest = known.reduce<Known>(
      (one, other) => (one.state === undefined || isAfter(other, one, claims) ? other : one),
      claims
    )
    const { revision, state, version } = newest
    const epoch = Math.max(claims.epoch, ...known.map(({ epoch }) => epoch))
    if (state === undefined) return rejected(component, "state")
    return Result.match(Migration.run(definition.migrations, { component: definition.component, version, state }), {
      onFailure: ({ cause, reason }) => rejected(component, reason, cause),
      onSuccess: (state) => {
        // What was tracked of somebody who was not signed in is not true of whoever signs in.
        const isAdopted = claims.principal !== (principal?.id ?? null)
        const presence = isAdopted ? undefined : (last?.checkpoint.presence ?? claims.presence)
        return Effect.succeed({ epoch: epoch + 1, revision, state, presence })
      }
    })
  })

/** The last state of an instance that has stopped here, and whose state is not stored yet. */
export const fromLast = ({ encoded, epoch, revision }: Instance): RecoveredState => ({
  epoch: epoch + 1,
  revision,
  state: encoded
})

/** The stored state of a keyed instance, if there is one. */
export const fromStore = (
  store: SnapshotStore["Service"],
  definition: ComponentDefinition,
  key: string
): Effect.Effect<RecoveredState | undefined, LiveError> => {
  const component = definition.component.componentName
  return Effect.flatMap(stored(store, definition, { key, id: "" }), (snapshot) => {
    if (Option.isNone(snapshot)) return Effect.undefined
    const { epoch, revision, state, version } = snapshot.value
    return Result.match(Migration.run(definition.migrations, { component: definition.component, version, state }), {
      onFailure: ({ cause, reason }) => unreadable(component, reason, cause),
      onSuccess: (state) => Effect.succeed({ epoch: epoch + 1, revision, state })
    })
  })
}

const stored = (
  store: SnapshotStore["Service"],
  definition: ComponentDefinition,
  own: { readonly key: string | undefined; readonly id: string }
): Effect.Effect<Option.Option<Snapshot>, LiveError> => {
  const component = definition.component.componentName
  if (!definition.persist) return Effect.succeedNone
  return store
    .read(addressOf(component, own))
    .pipe(Effect.catch((error) => unreadable(component, "unavailable", error)))
}

/** The store cannot be read, or what it has cannot be used. */
export const unreadable = (
  component: string,
  reason: SnapshotRejected["reason"],
  cause: unknown
): Effect.Effect<never, LiveError> =>
  Effect.andThen(
    Log.error("A stored state cannot be used", { component, reason, cause }),
    Effect.fail(new LiveError({ reason: new SnapshotRejected({ component, reason }) }))
  )

/** The store did not answer, which was logged before. */
export const unavailable = (component: string): Effect.Effect<never, LiveError> =>
  Effect.fail(new LiveError({ reason: new SnapshotRejected({ component, reason: "unavailable" }) }))

/** A state with its position. */
type Known = Pick<Claims, "epoch" | "revision" | "state" | "version">

/**
 * Whether one state is newer than another. Lives after that of the token began with this token or an earlier one, and nobody used
 * them: what counts is how far they got. States of earlier lives do not count.
 */
const isAfter = (one: Known, other: Known, { epoch }: Claims): boolean =>
  one.epoch >= epoch && one.revision > other.revision

/** Another version may have different props: only those that both have must be equal. */
const isCompatible = (sealed: Json, presented: Json, sameVersion: boolean): boolean =>
  sameVersion || !isObject(sealed) || !isObject(presented)
    ? Equal.equals(sealed, presented)
    : Object.keys(sealed).every((key) => !Object.hasOwn(presented, key) || Equal.equals(sealed[key], presented[key]))

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
