/** The components of one page as plain stores, for any framework, or none. */
import type { MountPlace, MountProps } from "../MountOptions.ts"
import type * as Component from "../Component.ts"
import type { KeyMissing, PropsMissing, ViewOptions } from "./ComponentOptions.ts"
import * as ComponentStore from "./ComponentStore.ts"
import type { Live } from "./Live.ts"
import { PageClient, type PageTarget, type PageToken } from "./PageClient.ts"
import type { LiveConnection } from "./PageConnection.ts"
import type { ReadableStore } from "./ReadableStore.ts"

/** Where the server is, and who uses the page. */
export interface LiveStoreOptions extends PageTarget {
  /**
   * The credentials of who uses the page, where no cookie carries them: a text, or an effect that is asked for each attempt to
   * connect. `setToken` sets another.
   */
  readonly token?: PageToken
  /** Called when the server asks to sign in: when the page connects, or when its client was signed out. */
  readonly onUnauthorized?: (() => void) | undefined
}

/** Opens components: the options may be left out when the component needs no props. */
export interface OpenComponent {
  // One signature for each number of arguments, so that an error is that of one of them.
  <C extends Component.Typed>(
    component: C &
      ({} extends Component.Props<C> ? unknown : PropsMissing<Component.Props<C>>) &
      ([Component.PlacementOf<C>] extends ["shared"] ? KeyMissing : unknown)
  ): ComponentStore.ComponentStore<C>
  <C extends Component.Typed>(
    component: C,
    // Spelt out: an error says this, and not the name of the type.
    options: MountProps<C> & MountPlace<C> & ViewOptions<C>
  ): ComponentStore.ComponentStore<C>
}

/** One page: its components, and its connection. */
export class LiveStore {
  readonly #page: PageClient
  /** For devtools. */
  readonly "~live": Live
  readonly #onUnauthorized: (() => void) | undefined
  /** Lets the connection go. */
  #release: (() => void) | undefined

  /**
   * A page of the server at `url`. It connects when something of it is subscribed to for the first time, and stays connected until
   * `close`. Where pages are rendered, on a server, nothing subscribes, and nothing connects.
   *
   * <!-- snippet: test/examples/PlainStore.ts#store -->
   */
  static connect(options: LiveStoreOptions = {}): LiveStore {
    return new LiveStore(options)
  }

  private constructor({ onUnauthorized, token, ...target }: LiveStoreOptions) {
    this.#page = new PageClient(target)
    this.#page.takeToken(token)
    this.#onUnauthorized = onUnauthorized
    const { client, connection, kept, ssr } = this.#page
    this["~live"] = {
      client: {
        retain: () => {
          this.#stay()
          return client.retain()
        }
      },
      connection,
      kept,
      ssr
    }
    this.connection = {
      getSnapshot: connection.getSnapshot,
      getServerSnapshot: connection.getServerSnapshot,
      subscribe: (listener) => {
        this.#stay()
        return connection.subscribe(listener)
      }
    }
  }

  /** What the page knows of its connection, with `retry` and `reconnect`. */
  readonly connection: ReadableStore<LiveConnection>

  /** A component on this page; nothing happens before somebody subscribes to it. Two of the same are two mounts. */
  readonly component: OpenComponent = <C extends Component.Typed>(
    component: C,
    options?: MountProps<C> & MountPlace<C> & ViewOptions<C>
  ) => ComponentStore.make(this["~live"], component, options)

  /** Signs in or out: a text other than before connects anew, as that client, and what is mounted stays. */
  setToken(token: PageToken): void {
    if (this.#page.takeToken(token) && this.#release !== undefined) this.#page.connection.reconnect()
  }

  /** Disconnects, as soon as nothing is subscribed to. It connects again when something is. */
  close(): void {
    this.#release?.()
    this.#release = undefined
  }

  #stay(): void {
    this.#release ??= this.#page.onUnauthorized(() => this.#onUnauthorized?.())
  }
}
