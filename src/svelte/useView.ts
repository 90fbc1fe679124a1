/** A store as Svelte follows it. */
import { onMount } from "svelte"
import { createSubscriber } from "svelte/reactivity"
import { getters } from "../store/getters.ts"
import type { ReadableStore } from "../store/ReadableStore.ts"

/**
 * What the store shows, as an object that is followed by what reads it. The store is subscribed to while the component is on the page;
 * on a server it never is.
 */
export const useView = <A, B extends object>(store: ReadableStore<A>, view: (snapshot: A) => B): B => {
  const follow = createSubscriber(store.subscribe)
  // Also where nothing is read for a time.
  onMount(() => store.subscribe(() => {}))
  return getters(() => {
    follow()
    return view(store.getSnapshot())
  })
}
