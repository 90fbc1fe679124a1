/** The page that the components of an application use. */
import { inject, type InjectionKey, type Plugin, provide } from "vue"
import type { LiveStore } from "../store/LiveStore.ts"

const key: InjectionKey<LiveStore> = Symbol("fibra/vue/live")

/** Gives the page to a whole application: `createApp(App).use(livePlugin(LiveStore.connect()))`. */
export const livePlugin = (page: LiveStore): Plugin => ({ install: (app) => void app.provide(key, page) })

/** Gives the page to the components below this one. */
export const provideLive = (page: LiveStore): void => provide(key, page)

/** The page of this component; throws when there is none. */
export const useLive = (): LiveStore => {
  const page = inject(key, undefined)
  if (page === undefined) {
    throw new Error(
      "A composable of fibra/vue was used where no page is provided. " +
        "Call app.use(livePlugin(LiveStore.connect())), or provideLive above."
    )
  }
  return page
}
