/**
 * How a message is compared with what a case expects. Fields that a pattern does not name may be there; lists have as many items.
 * An object whose keys begin with `$` is a matcher. A text `${name}` stands for what was captured under that name.
 */
import type { Schema } from "effect"

type Json = Schema.Json

/** What was captured, by its name. */
export type Variables = Map<string, Json>

/** A JSON object. */
export type Fields = { readonly [key: string]: Json }

/** Whether it is a JSON object. */
export const isFields = (value: Json | undefined): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isMatcher = (value: Json): value is Fields => {
  const keys = isFields(value) ? Object.keys(value) : []
  return keys.length > 0 && keys.every((key) => key.startsWith("$"))
}

const show = (value: Json | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value))

const variable = (name: string, variables: Variables): Json => {
  const value = variables.get(name)
  if (value === undefined) throw new Error(`Nothing was captured as "${name}" before this step.`)
  return value
}

const interpolated = (text: string, variables: Variables): Json => {
  const whole = /^\$\{(\w+)\}$/.exec(text)?.[1]
  if (whole !== undefined) return variable(whole, variables)
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => String(variable(name, variables)))
}

/** One character in the middle of a text is another. */
const tampered = (text: string): string => {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1)
}

const text = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value))

/** What is sent, with everything in it that stands for something else; throws when something was not captured. */
export const fill = (template: Json, variables: Variables): Json => {
  if (typeof template === "string") return interpolated(template, variables)
  if (Array.isArray(template)) return template.map((item) => fill(item, variables))
  if (!isFields(template)) return template
  const { $concat, $json, $list, $repeat, $tampered, $times } = template
  if (Array.isArray($concat)) return $concat.map((part) => text(fill(part, variables))).join("")
  if ($tampered !== undefined) return tampered(text(fill($tampered, variables)))
  if ($json !== undefined) return JSON.stringify(fill($json, variables))
  if ($repeat !== undefined) return text(fill($repeat, variables)).repeat(Number($times))
  if ($list !== undefined) return Array.from({ length: Number($times) }, () => fill($list, variables))
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, variables)]))
}

const kindOf = (value: Json): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

const isKind = (value: Json | undefined, kind: string): boolean => {
  if (value === undefined) return false
  if (kind === "any") return true
  return kind === "integer" ? Number.isInteger(value) : kindOf(value) === kind
}

/** Why the value does not fit, or undefined; what is captured is put into `captured`. */
const against = (
  pattern: Json,
  value: Json | undefined,
  variables: Variables,
  captured: Variables,
  path: string
): string | undefined => {
  const problem = (expected: string) => `${path}: expected ${expected}, got ${show(value)}`
  if (isMatcher(pattern)) return againstMatcher(pattern, value, variables, captured, path)
  if (value === undefined) return problem(show(pattern))
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value) || value.length !== pattern.length) return problem(`a list of ${pattern.length}`)
    for (const [index, item] of pattern.entries()) {
      const found = against(item, value[index], variables, captured, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isFields(pattern)) {
    if (!isFields(value)) return problem("an object")
    for (const [key, item] of Object.entries(pattern)) {
      const found = against(item, value[key], variables, captured, `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const expected = typeof pattern === "string" ? interpolated(pattern, new Map([...variables, ...captured])) : pattern
  return isEqual(expected, value) ? undefined : problem(show(expected))
}

const isEqual = (a: Json, b: Json | undefined): boolean =>
  b !== undefined && (a === b || (typeof a === "object" && sorted(a) === sorted(b)))

const sorted = (value: Json): string =>
  JSON.stringify(value, (_, field: unknown) =>
    isFields(field as Json)
      ? Object.fromEntries(Object.entries(field as Fields).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field
  )

const againstMatcher = (
  matcher: Fields,
  value: Json | undefined,
  variables: Variables,
  captured: Variables,
  path: string
): string | undefined => {
  const problem = (expected: string) => `${path}: expected ${expected}, got ${show(value)}`
  const inner = (pattern: Json, part: Json | undefined, at = path) => against(pattern, part, variables, captured, at)
  for (const [key, argument] of Object.entries(matcher)) {
    let found: string | undefined
    switch (key) {
      case "$is":
        if (!isKind(value, String(argument))) found = problem(`a value that is: ${String(argument)}`)
        break
      case "$absent":
        if (value !== undefined) found = problem("no such field")
        break
      case "$matches":
        if (!new RegExp(String(argument), "u").test(typeof value === "string" ? value : show(value))) {
          found = problem(`a text that matches ${String(argument)}`)
        }
        break
      case "$exactly": {
        const more = Object.keys(isFields(value) ? value : {}).filter(
          (name) => !isFields(argument) || !Object.hasOwn(argument, name)
        )
        found = more.length > 0 ? problem(`no field ${more.join(", ")}`) : inner(argument, value)
        break
      }
      case "$not":
        if (inner(argument, value) === undefined) found = problem(`anything but ${show(argument)}`)
        break
      case "$allOf":
        for (const item of Array.isArray(argument) ? argument : []) found ??= inner(item, value)
        break
      case "$oneOf":
        if (!Array.isArray(argument) || !argument.some((item) => inner(item, value) === undefined)) {
          found = problem(`one of ${show(argument)}`)
        }
        break
      case "$capture":
        if (value === undefined) found = problem("a value to capture")
        else captured.set(String(argument), value)
        break
      default:
        found = `${path}: there is no matcher ${key}`
    }
    if (found !== undefined) return found
  }
  return undefined
}

/** Why a message does not fit; undefined when it does, and then what the pattern captures is kept. */
export const match = (pattern: Json, message: Json, variables: Variables): string | undefined => {
  const captured: Variables = new Map()
  const problem = against(pattern, message, variables, captured, "message")
  if (problem === undefined) for (const [name, value] of captured) variables.set(name, value)
  return problem
}
