/** The page that the components of an application use. */
import { getContext, setContext } from "svelte"
import type { LiveStore } from "../store/LiveStore.ts"

const key = Symbol("fibra/svelte/live")

/** Gives the page to this component and those below it. */
export const provideLive = (page: LiveStore): void => void setContext(key, page)

/** The page of this component; throws when there is none. */
export const useLive = (): LiveStore => {
  const page = getContext<LiveStore | undefined>(key)
  if (page === undefined) {
    throw new Error(
      "A function of fibra/svelte was used where no page is provided. Call provideLive(LiveStore.connect()) in the component above."
    )
  }
  return page
}
