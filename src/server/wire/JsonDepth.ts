/**
 * How deep what a client sends may be nested. `JSON.parse` takes any depth, but whoever checks, encodes or compares it does so on
 * the stack, and would crash for it.
 */

/** Arrays and objects inside each other. */
const maxDepth = 256

const bracket = "[".charCodeAt(0)
const brace = "{".charCodeAt(0)

/** Whether a text has as many brackets as it takes to be too deep; those in strings count, too, for they are rarely as many. */
export const mayBeTooDeep = (text: string): boolean => {
  // Each has to be closed.
  if (text.length <= maxDepth * 2) return false
  let opened = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if ((code === bracket || code === brace) && ++opened > maxDepth) return true
  }
  return false
}

/** Whether what came out of `JSON.parse` is nested too deeply. */
export const isTooDeep = (value: unknown, depth = maxDepth): boolean => {
  if (typeof value !== "object" || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isTooDeep(inner, depth - 1))
}

/** What is wrong with it, for whoever sent it. */
export const tooDeep = `it is nested deeper than ${maxDepth} arrays and objects`
