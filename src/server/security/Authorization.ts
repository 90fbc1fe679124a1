/**
 * Who may do what: mount a component, call an action, set a field, be in a room. What is not asked here is allowed to whom the server
 * knows. An anonymous client may mount a component whose behaviour says so (`anonymous`), or, where that says nothing, any if there is
 * no `Authentication`. Who may mount a component may call its actions and be in a room with it.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LiveError, NotAllowed, refuse } from "../../LiveError.ts"
import type { Principal } from "../../Principal.ts"

/** Somebody wants something of a component. */
interface Asking {
  readonly component: string
  /** Of a shared instance. */
  readonly key: string | undefined
  /** Undefined for an anonymous client. */
  readonly principal: Principal | undefined
}

/** Somebody wants to mount a component, or to bring one back. */
export interface Mounting extends Asking {
  /** Decoded by the contract. */
  readonly props: unknown
}

/** An action is to be called. */
export interface Calling extends Asking {
  readonly action: string
  /** Decoded by the contract. */
  readonly payload: unknown
}

/** A writable field is to be set. */
export interface Setting extends Asking {
  readonly property: string
  /** Decoded by the contract. */
  readonly value: unknown
}

/** An instance is to be in a room. Its principal is whose it is; a shared one is nobody's. */
export interface Joining extends Asking {
  readonly room: string
}

/** Gives the rights. */
export interface Rights<R = never> {
  /** Asked before a component is mounted, and before it is activated for that. */
  readonly mount?: (mounting: Mounting) => Effect.Effect<boolean, never, R>
  /** Asked in the turn of the call, before its handler runs. */
  readonly call?: (calling: Calling) => Effect.Effect<boolean, never, R>
  /** Asked in its turn, before the field is set; where it is left out, `call` is, with the action `set <property>`. */
  readonly set?: (setting: Setting) => Effect.Effect<boolean, never, R>
  /** Asked before an instance joins a room, whether it is mounted with it or joins by itself. */
  readonly join?: (joining: Joining) => Effect.Effect<boolean, never, R>
}

/** Who may do what. */
export const Authorization = Context.Reference<Rights>("fibra/server/Authorization", { defaultValue: () => ({}) })

/** Asks these. What they need is taken from where this layer is built; what they die of is logged, and allows nothing. */
export const layer = <R = never>(service: Rights<R>): Layer.Layer<never, never, R> =>
  Layer.effect(
    Authorization,
    Effect.contextWith((context: Context.Context<R>) => {
      const provided =
        <A>(ask: (asked: A) => Effect.Effect<boolean, never, R>) =>
        (asked: A): Effect.Effect<boolean> =>
          Effect.provideContext(
            Effect.suspend(() => ask(asked)),
            context
          )
      const { call, join, mount, set } = service
      return Effect.succeed<Rights>({
        ...(mount && { mount: provided(mount) }),
        ...(call && { call: provided(call) }),
        ...(set && { set: provided(set) }),
        ...(join && { join: provided(join) })
      })
    })
  )

/** Fails with what is not allowed, unless it is. */
export const check = (allowed: Effect.Effect<boolean>, what: () => string): Effect.Effect<void, LiveError> =>
  allowed.pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.as(Effect.logError("What somebody may do is not known: Authorization failed", cause), false)
    ),
    Effect.flatMap((isAllowed) => (isAllowed ? Effect.void : refuse(new NotAllowed({ what: what() }))))
  )
