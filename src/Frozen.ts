/**
 * Freezes values deeply, so that changing one in place throws. No client would be sent such a change, and no crash
 * would undo it. Plain objects, arrays, instances of schema classes and the immutable data of effect are frozen, each
 * once. What the language cannot freeze (a Map, a Set, a Date, bytes, an instance of any other class) stays as it is,
 * and is reported as loose: its owner has to compare it.
 *
 * The data of effect is recognised by its type ids, which effect does not document. `test/Frozen.test.ts` fails when
 * they change; data that is not recognised is loose.
 */
import * as Schema from "effect/Schema"
import type { ListChange } from "./ListChange.ts"

/** Something in the value can be changed in place. */
export const LOOSE = 0
/** Nothing in the value can be changed. */
export const FIXED = 1
/** Nothing in the value can be changed, and it consists of arrays, plain objects and primitive values. */
export const PLAIN = 2

/** How deep a value is frozen. */
export type Fixity = typeof LOOSE | typeof FIXED | typeof PLAIN

/** Values this small, without objects in them, are visited again rather than remembered. */
const small = 32

/** Data of effect that has only its properties. */
const dataTypes = ["~effect/Option", "~effect/Result", "~effect/Duration", "~effect/HashSet"]
/** Data of effect that caches on itself what it has computed. */
const lazyTypes = ["~effect/DateTime", "~effect/DateTime/TimeZone", "~effect/BigDecimal"]
const hashMapType = "~effect/HashMap"

/** Freezes values, and remembers those it has frozen. */
export class Freezer {
  readonly #frozen = new WeakMap<object, Fixity>()
  readonly #freeze = (value: unknown): Fixity => this.freeze(value)

  /** Freezes a value and everything in it. */
  freeze(value: unknown): Fixity {
    if (typeof value !== "object" || value === null) return fixityOf(value)
    const frozen = this.#frozen.get(value)
    if (frozen !== undefined) return frozen
    if (Array.isArray(value)) return this.#elements(value, 0, value.length, PLAIN, this.#freeze)
    return isPlainObject(value) ? this.#properties(value, PLAIN) : this.#instance(value)
  }

  /**
   * Freezes a list. Skips what it has in common with the list before, if that was frozen, and freezes the rest with
   * `freeze`.
   */
  freezeList({ after, before, end, first }: ListChange, freeze: (element: unknown) => Fixity): Fixity {
    const frozen = this.#frozen.get(after)
    if (frozen !== undefined) return frozen
    const others = this.#frozen.get(before)
    return others === undefined || others === LOOSE
      ? this.#elements(after, 0, after.length, PLAIN, freeze)
      : this.#elements(after, first, end, others, freeze)
  }

  #elements(
    list: ReadonlyArray<unknown>,
    first: number,
    end: number,
    others: Fixity,
    freeze: (element: unknown) => Fixity
  ): Fixity {
    Object.freeze(list)
    let fixity: Fixity = isOrdinary(list) ? others : least(others, FIXED)
    let isRemembered = list.length > small
    // No schema accepts a value that contains itself. It counts as loose until the end.
    if (isRemembered) this.#frozen.set(list, LOOSE)
    for (let index = first; index < end; index++) {
      const element = list[index]
      if (typeof element === "object" && element !== null && !isRemembered) {
        isRemembered = true
        this.#frozen.set(list, LOOSE)
      }
      fixity = least(fixity, freeze(element))
    }
    if (isRemembered) this.#frozen.set(list, fixity)
    return fixity
  }

  #properties(object: object, best: Fixity): Fixity {
    Object.freeze(object)
    const names = Object.getOwnPropertyNames(object)
    let fixity = best
    let isRemembered = names.length > small
    if (isRemembered) this.#frozen.set(object, LOOSE)
    for (const name of names) {
      const property = Object.getOwnPropertyDescriptor(object, name) as PropertyDescriptor
      const { value } = property
      if (typeof value === "object" && value !== null && !isRemembered) {
        isRemembered = true
        this.#frozen.set(object, LOOSE)
      }
      // A getter may return something else each time.
      fixity = least(fixity, property.get === undefined && property.set === undefined ? this.freeze(value) : LOOSE)
      if (property.enumerable !== true) fixity = least(fixity, FIXED)
    }
    if (isRemembered) this.#frozen.set(object, fixity)
    return fixity
  }

  #instance(value: object): Fixity {
    this.#frozen.set(value, LOOSE)
    let fixity: Fixity = LOOSE
    if (dataTypes.some((type) => type in value) || isSchemaInstance(value)) fixity = this.#properties(value, FIXED)
    else if (lazyTypes.some((type) => type in value)) fixity = this.#lock(value)
    // A HashMap that is being built changes in place.
    else if (hashMapType in value && Reflect.get(value, "_editable") === false) {
      fixity = FIXED
      for (const entry of value as unknown as Iterable<unknown>) fixity = least(fixity, this.freeze(entry))
    }
    this.#frozen.set(value, fixity)
    return fixity
  }

  /** Makes the properties that have a value read-only; others may be set later. */
  #lock(value: object): Fixity {
    for (const name of Object.getOwnPropertyNames(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name)
      if (property?.value === undefined) continue
      this.freeze(property.value)
      Object.defineProperty(value, name, { writable: false, configurable: false })
    }
    return FIXED
  }
}

/** Whether JSON has the elements of a list one by one: a subclass may have a `toJSON`. */
export const isOrdinary = (list: ReadonlyArray<unknown>): boolean =>
  Object.getPrototypeOf(list) === Array.prototype && !Object.hasOwn(list, "toJSON")

const fixityOf = (value: unknown): Fixity => {
  switch (typeof value) {
    case "function":
      return LOOSE
    case "bigint":
    case "symbol":
      return FIXED
    default:
      return PLAIN
  }
}

const least = (one: Fixity, other: Fixity): Fixity => Math.min(one, other) as Fixity

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether a value is made by a schema class and holds the fields of its schema as properties. */
const isSchemaInstance = (value: object): boolean => {
  const { constructor } = value as { readonly constructor: unknown }
  if (!Schema.isSchema(constructor) || value instanceof Error) return false
  const fields: unknown = Reflect.get(constructor, "fields")
  if (typeof fields !== "object" || fields === null) return false
  return Object.keys(fields).every((name) => Object.hasOwn(value, name) || !(name in value))
}
