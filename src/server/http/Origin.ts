/** Whether a page of this origin comes from the host that it asks. */
export const isOwn = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host
