/** A store as Vue follows it. */
import { getCurrentInstance, onMounted, onScopeDispose, shallowRef } from "vue"
import { getters } from "../store/getters.ts"
import type { ReadableStore } from "../store/ReadableStore.ts"

/**
 * What the store shows, as an object that is followed by what reads it. The store is subscribed to when the component is on the
 * page (on a server it never is), or at once outside of a component, until the effect scope ends.
 */
export const useView = <A, B extends object>(store: ReadableStore<A>, view: (snapshot: A) => B): B => {
  const shown = shallowRef(view(store.getSnapshot()))
  let isOver = false
  let stop = () => {}
  const begin = () => {
    if (isOver) return
    const show = () => void (shown.value = view(store.getSnapshot()))
    stop = store.subscribe(show)
    show()
  }
  onScopeDispose(() => {
    isOver = true
    stop()
  })
  if (getCurrentInstance() === null) begin()
  else onMounted(begin)
  return getters(() => shown.value)
}
