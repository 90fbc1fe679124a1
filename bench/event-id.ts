/** What was said, found without parsing all of it. */
const beforeId = `"payload":{"id":`

/** The id of what was said. */
export const idIn = (text: string): number => {
  const at = text.indexOf(beforeId) + beforeId.length
  return Number(text.slice(at, text.indexOf(",", at)))
}
