/** What is asked of a program's rights, and what rights it may have. */
import type * as Effect from "effect/Effect"
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
