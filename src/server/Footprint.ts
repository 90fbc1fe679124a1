/**
 * About how much memory things hold. It is not measured at run time: these are the numbers that
 * test/server/session/footprint.test.ts measures, slightly rounded up.
 */
import * as Predicate from "effect/Predicate"

/**
 * Bytes of a session, of a private and a shared instance it has mounted, of a room it reads, of a request it remembers,
 * and of the id of one.
 */
export const session = 2048
export const privateMount = 2048
export const sharedMount = 512
export const room = 1024
export const request = 192
export const name = 64

/** Bytes of a JSON value: arrays, objects and texts take more than their JSON. */
export const ofJson = (value: unknown): number => {
  let bytes = 0
  // Not recursive: the value may be nested to any depth.
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === "string") bytes += 16 + Buffer.byteLength(next)
    else if (Array.isArray(next)) {
      bytes += 64 + 8 * next.length
      for (const item of next) if (typeof item === "string" || Predicate.isObjectOrArray(item)) waiting.push(item)
    } else if (Predicate.isObject(next)) {
      bytes += 56
      for (const name in next) {
        bytes += 16
        const field = next[name]
        if (typeof field === "string" || Predicate.isObjectOrArray(field)) waiting.push(field)
      }
    }
  }
  return bytes
}
