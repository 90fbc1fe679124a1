/** Where somebody is in the dashboard: the part of the address behind `#`. */
import { useSyncExternalStore } from "react"

/** The pages. */
export const pages = [
  { path: "", title: "Overview" },
  { path: "components", title: "Components" },
  { path: "instances", title: "Instances" },
  { path: "tree", title: "Supervision" },
  { path: "rooms", title: "Rooms" },
  { path: "connections", title: "Connections" },
  { path: "alerts", title: "Alerts" },
  { path: "letters", title: "Dead letters" }
] as const

/** A place. */
export interface Route {
  /** The path of one of the pages. */
  readonly page: string
  /** What of it; undefined for all. */
  readonly id: string | undefined
  readonly query: URLSearchParams
}

const parse = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  const [page = "", id] = path.split("/", 2)
  return {
    page,
    id: id === undefined || id === "" ? undefined : decodeURIComponent(id),
    query: new URLSearchParams(query)
  }
}

const subscribe = (listener: () => void): (() => void) => {
  addEventListener("hashchange", listener)
  return () => removeEventListener("hashchange", listener)
}

/** The place of now. */
export const useRoute = (): Route => parse(useSyncExternalStore(subscribe, () => location.hash))

/** The address of one instance, or of a table of them. */
export const toInstance = (id: string): string => `#/instances/${encodeURIComponent(id)}`
export const toInstances = (query: { readonly text?: string; readonly kind?: string }): string =>
  `#/instances?${new URLSearchParams({ ...query }).toString()}`
