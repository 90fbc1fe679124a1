/** What was said, found without parsing all of it. */
const beforeId = `"payload":{"id":`

/** The id of what was said, behind this place. */
export const idIn = (text: string, from = 0): number => {
  const at = text.indexOf(beforeId, from) + beforeId.length
  return Number(text.slice(at, text.indexOf(",", at)))
}
