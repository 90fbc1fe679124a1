/** What a client asks for when it mounts a component. Shaped so that the first line of a type error says what is wrong. */
import type * as Component from "./Component.ts"

/** Mounts a shared instance. It has no room of its own: its behaviour joins rooms with `self.join`. */
export interface SharedMount<Key extends string = string> {
  /**
   * Mounts the instance shared by everyone who gives this key (1 to 256 characters) instead of a private one. The
   * first client's props are used.
   */
  readonly key: Key
}

/** Mounts a private instance. */
export interface PrivateMount {
  readonly key?: undefined
  /**
   * Mounts the private instance in this room (1 to 128 visible characters): it gets the events of the room, and
   * broadcasts there.
   */
  readonly room?: string
}

/** Where a mount finds a state from before. */
export interface MountCache {
  /**
   * Keeps the state of a private instance in the StateCache under this name, so that a reload or a new process brings
   * it back. A page that finds a state whose instance still runs shares the instance. When several pages start at the
   * same time and find none, the state of the one that changed last is kept.
   */
  readonly cacheKey?: string
  /**
   * Who uses this client, so that what one user has left in this browser is not brought back for another. It says nothing to the
   * server, which knows its clients by their credentials.
   */
  readonly userId?: string
  /**
   * What to do when the state is of a later version than the server, as after a deploy was rolled back: mount anew
   * (the default), or wait for a newer server.
   */
  readonly whenNewer?: "mount" | "wait"
}

/** The props of a mount: they may be left out when the component needs none. */
export type MountProps<C extends Component.Typed> =
  {} extends Component.Props<C> ? { readonly props?: Component.Props<C> } : { readonly props: Component.Props<C> }

/** The key of a shared instance, or the room of a private one, as far as the contract permits either. */
export type MountPlace<C extends Component.Typed> = [Component.PlacementOf<C>] extends ["shared"]
  ? SharedMount<Component.KeyOf<C>>
  : [Component.PlacementOf<C>] extends ["private"]
    ? PrivateMount
    : SharedMount<Component.KeyOf<C>> | PrivateMount

/** What to mount, and how. */
export type MountOptions<C extends Component.Typed> = MountProps<C> & MountPlace<C> & MountCache
