/**
 * The last state of a component, kept in the StateCache as it is, so that a page has something to show before its server answers. It
 * proves nothing to the server, which has its own or gets a token.
 */
import * as Effect from "effect/Effect"
import type * as Component from "../Component.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { MountTarget } from "./Mounter.ts"

/** A state, decoded and as JSON. */
export interface KeptPair<State> {
  readonly state: State
  readonly encoded: Encoded
}

/** What is in the cache. */
interface KeptEntry {
  readonly version: number
  readonly state: Encoded
}

/** The kept state of one component. */
export class KeptState<State> {
  readonly #component: Component.Typed
  readonly #connection: Pick<ClientConnection, "run" | "tokens">
  readonly #label: { readonly component: string; readonly key: string }
  /** What is not written yet. */
  #latest: Encoded | undefined
  /** Ends the wait for the next write. */
  #stop: (() => void) | undefined

  /** Undefined where it is not wanted, and where the mount has no name: a `cacheKey` or a `key`. */
  static of<State>(
    component: Component.Typed,
    { cacheKey, fallbackToLocal, key, userId }: MountTarget,
    connection: Pick<ClientConnection, "run" | "tokens">
  ): KeptState<State> | undefined {
    const name = key ?? cacheKey
    if (fallbackToLocal !== true || name === undefined) return undefined
    const kind = key === undefined ? "private" : "shared"
    return new KeptState(component, JSON.stringify(["state", kind, name, userId ?? null]), connection)
  }

  private constructor(component: Component.Typed, key: string, connection: Pick<ClientConnection, "run" | "tokens">) {
    this.#component = component
    this.#connection = connection
    this.#label = { component: component.componentName, key }
  }

  /** The state from before; undefined when there is none that this contract can read. */
  get read(): Effect.Effect<KeptPair<State> | undefined> {
    const { codec, version } = this.#component
    return Effect.flatMap(this.#connection.tokens.get(this.#label), (text) =>
      Effect.sync(() => {
        if (text === undefined) return undefined
        const entry = JSON.parse(text) as KeptEntry
        if (entry.version !== version) return undefined
        const state = (codec.state as StateCodec<State>).decode(entry.state)
        return { state, encoded: entry.state }
      }).pipe(Effect.catchCause(() => Effect.undefined))
    )
  }

  /** The server has sent this state: it is written within a second. */
  changed(encoded: Encoded | undefined): void {
    this.#latest = encoded
    this.#stop ??= this.#connection.run(
      Effect.andThen(
        Effect.sleep("1 second"),
        Effect.sync(() => this.flush())
      )
    )
  }

  /** Writes what is not written yet. */
  flush(): void {
    const state = this.#latest
    this.#stop?.()
    this.#stop = this.#latest = undefined
    if (state === undefined) return
    const entry: KeptEntry = { version: this.#component.version, state }
    this.#connection.run(this.#connection.tokens.set(this.#label, JSON.stringify(entry)))
  }
}
