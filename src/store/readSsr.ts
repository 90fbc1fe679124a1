/** Finds what a page carries that a server has rendered. */
import { type Adoption, ssrOf } from "../client/Adoption.ts"
import { type SsrData, ssrElementId } from "../SsrData.ts"

/**
 * For the option `ssr`, what the element has that `LiveSsr.page` gave as `script`; undefined on a page without one, which mounts as
 * ever.
 */
export const readSsr = (): Adoption | undefined => {
  const text = document.getElementById(ssrElementId)?.textContent
  return text ? ssrOf(JSON.parse(text) as SsrData) : undefined
}
