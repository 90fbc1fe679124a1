/** Finds what a page carries that a server has rendered. */
import { type Adoption, ssrOf } from "../client/Adoption.ts"
import { type SsrData, ssrElementId } from "../SsrData.ts"

/**
 * For the option `ssr`, what the element has that `LiveSsr.page` gave as `script`; undefined on a page without one, or of which only a
 * part has arrived: it mounts as ever.
 */
export const readSsr = (): Adoption | undefined => {
  const text = document.getElementById(ssrElementId)?.textContent
  try {
    return text ? ssrOf(JSON.parse(text) as SsrData) : undefined
  } catch {
    return undefined
  }
}
