/**
 * Who may do what: mount a component, call an action, set a field, join a room. What has no rule here is allowed to
 * every principal. An anonymous client may mount a component whose behaviour allows it (`anonymous`) or, where the
 * behaviour does not say, any component if there is no `Authentication`. A client that may mount a component may call
 * its actions and be in a room with it. `ComponentRegistry` asks for mounts, `Guard` for calls and fields, `Rooms` for
 * joins.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Handled from "../../actor/Handled.ts"
import type { Principal } from "../../Principal.ts"
import type { DeclaredFile } from "../../Upload.ts"

/** A request that needs a right. */
interface Asking {
  readonly component: string
  /** Undefined for a private instance. */
  readonly key: string | undefined
  /** Undefined for an anonymous client. */
  readonly principal: Principal | undefined
}

/** A component is mounted or rehydrated. */
export interface Mounting extends Asking {
  /** Decoded by the contract. */
  readonly props: unknown
}

/** An action is called. */
export interface Calling extends Asking {
  readonly action: string
  /** Decoded by the contract. */
  readonly payload: unknown
}

/** A writable field is set. */
export interface Setting extends Asking {
  readonly property: string
  /** Decoded by the contract. */
  readonly value: unknown
}

/** A file is to be uploaded. */
export interface Uploading extends Asking {
  /** The name of the upload in the contract. */
  readonly upload: string
  /** What the client says of it. */
  readonly file: DeclaredFile
}

/** A file that was uploaded is asked for over HTTP. */
export interface Downloading {
  /** What the store calls it. */
  readonly storedName: string
  /** Undefined for an anonymous client. */
  readonly principal: Principal | undefined
}

/** An instance joins a room. The principal is that of a private instance; a shared one has none. */
export interface Joining extends Asking {
  readonly room: string
}

/** The rules. One that is left out allows everything. */
export interface Rights<R = never> {
  /** Asked before a component is mounted, and before it is activated. */
  readonly mount?: (mounting: Mounting) => Effect.Effect<boolean, never, R>
  /** Asked when it is the call's turn, before its handler runs. */
  readonly call?: (calling: Calling) => Effect.Effect<boolean, never, R>
  /**
   * Asked when it is the message's turn, before the field is set. When it is left out, `call` is asked with the action
   * `set <property>`.
   */
  readonly set?: (setting: Setting) => Effect.Effect<boolean, never, R>
  /**
   * Asked before an upload begins. When it is left out, `call` is asked with the action `upload <name>`.
   */
  readonly upload?: (uploading: Uploading) => Effect.Effect<boolean, never, R>
  /**
   * Asked before an uploaded file is served over HTTP. When it is left out, everybody gets it who knows its name, which
   * cannot be guessed.
   */
  readonly download?: (downloading: Downloading) => Effect.Effect<boolean, never, R>
  /** Asked before an instance joins a room, whether it is mounted in it or joins by itself. */
  readonly join?: (joining: Joining) => Effect.Effect<boolean, never, R>
}

/** The rules in force. */
export const Authorization = Context.Reference<Rights>("fibra/server/Authorization", { defaultValue: () => ({}) })

/**
 * Puts these rules in force. Their services are taken from where this layer is built. A rule that dies is logged, and
 * allows nothing.
 *
 * <!-- snippet: test/examples/Authorization.test.ts#rights -->
 *
 * ```ts
 * // A board belongs to the team of its key; cards are removed by whoever leads it.
 * const authorization = Authorization.layer({
 *   mount: Effect.fnUntraced(function* ({ component, key, principal }) {
 *     const teams = yield* Teams // taken from where the layer is provided with it
 *     return component !== "Board" || (yield* teams.roleOf(key, principal?.id)) !== undefined
 *   }),
 *   call: Effect.fnUntraced(function* ({ action, component, key, principal }) {
 *     if (component !== "Board" || action !== "Remove") return true
 *     const teams = yield* Teams
 *     return (yield* teams.roleOf(key, principal?.id)) === "lead"
 *   })
 * })
 * ```
 */
export const layer = <R = never>(service: Rights<R>): Layer.Layer<never, never, R> =>
  Layer.effect(
    Authorization,
    Effect.contextWith((context: Context.Context<R>) => {
      const provided =
        <A>(ask: (asked: A) => Effect.Effect<boolean, never, R>) =>
        (asked: A): Effect.Effect<boolean> =>
          Effect.provideContext(
            Effect.suspend(() => {
              const answer = ask(asked)
              return Effect.isEffect(answer) ? answer : Handled.noEffect("A right", answer)
            }),
            context
          )
      const { call, download, join, mount, set, upload } = service
      return Effect.succeed<Rights>({
        ...(mount && { mount: provided(mount) }),
        ...(call && { call: provided(call) }),
        ...(set && { set: provided(set) }),
        ...(upload && { upload: provided(upload) }),
        ...(download && { download: provided(download) }),
        ...(join && { join: provided(join) })
      })
    })
  )
