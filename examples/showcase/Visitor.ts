// Who visits the showcase, as the address says: the page's in the browser, the socket's on the server.
import { Schema } from "effect"
import { Name } from "../chat/Chat.ts"

/** The name in `?as=ada`; undefined for a guest. */
export const named = (search: string): string | undefined => {
  const name = new URLSearchParams(search).get("as")?.trim()
  return Schema.is(Name)(name) ? name : undefined
}
