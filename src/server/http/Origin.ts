/**
 * Origins of pages, as browsers send them, compared with a host and with a list: the case of letters does not count, and a
 * default port is the same as none.
 */

/** Pages that have an origin of their own come from one of these; any other (`null`, `file:`, `blob:`) may be anybody's. */
const schemes = new Set(["http:", "https:"])

/** What a Host header has to be for a URL to be made of it. */
const hostForm = /^[^\s/?#@\\]+$/

const parse = (url: string): URL | undefined => (URL.canParse(url) ? new URL(url) : undefined)

/** Whether a page of this origin comes from the host that it asks. The schemes are not compared. */
export const isOwn = (origin: string, host: string | undefined): boolean => {
  if (host === undefined || !hostForm.test(host)) return false
  const page = parse(origin)
  if (page === undefined || page.host === "" || !schemes.has(page.protocol)) return false
  return page.host === parse(`${page.protocol}//${host}`)?.host
}

/** Whether an origin is one of these. An opaque one (`null`) is only where it is listed as it is. */
export const isListed = (origin: string, list: ReadonlyArray<string>): boolean => {
  const page = canonical(origin)
  return list.some((listed) => canonical(listed) === page)
}

/** Scheme, host and port; the text itself where there is no host. */
const canonical = (origin: string): string => {
  const url = parse(origin)
  return url === undefined || url.host === "" ? origin : `${url.protocol}//${url.host.toLowerCase()}`
}
