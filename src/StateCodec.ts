/**
 * Encodes and decodes the state of a component, one top-level field at a time, and freezes it. What did not change since
 * the last time is not converted again: fields are compared by reference, and list elements are recognised when they were
 * converted before. That holds for what is frozen; what cannot be frozen is encoded each time. Fields whose JSON form is
 * the value itself are checked and passed through, so encoded states share structure like the states do.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaAST from "effect/SchemaAST"
import { FIXED, type Fixity, Freezer, isOrdinary, LOOSE, PLAIN } from "./Frozen.ts"
import * as ListChange from "./ListChange.ts"
import { copy, type Json } from "./Json.ts"
import * as StrictDecoder from "./StrictDecoder.ts"

/** A schema that needs no services. */
export type PureSchema = Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never }

/** The fields of props or of a state. */
export type Fields = { readonly [name: string]: PureSchema }

/** An encoded state: one JSON value per field. */
export type Encoded = { readonly [name: string]: Json }

/** What was converted last, so that only the difference is converted now. */
export interface Previous<From, To> {
  readonly from: From
  readonly to: To
}

/** Encodes and decodes states of one component; throws the schema's error when a value does not fit. */
export interface StateCodec<State> {
  readonly encode: (state: State, previous?: Previous<State, Encoded>) => Encoded
  readonly decode: (encoded: Encoded, previous?: Previous<Encoded, State>) => State
  /**
   * Decodes a state that shares nothing loose with any other: parts of the previous state are kept only if they are
   * frozen.
   */
  readonly restore: (encoded: Encoded, previous?: Previous<Encoded, State>) => State
  /** Freezes a state. Most of it may come from the previous one, which was frozen before. */
  readonly freeze: (state: State, previous?: State) => State
  /** Whether something in a state can be changed in place, so that the same reference may have another encoded form. */
  readonly isLoose: (state: State) => boolean
}

/** Builds the codec of a state; do this once per component. */
export const make = <State>(fields: Fields): StateCodec<State> => {
  const codec = new FieldsCodec(fields)
  return {
    encode: (state, previous) => codec.encode(state as Values, previous as PreviousValues) as Encoded,
    decode: (encoded, previous) => codec.decode(encoded, previous as PreviousValues) as State,
    restore: (encoded, previous) => codec.restore(encoded, previous as PreviousValues) as State,
    freeze: (state, previous) => codec.freeze(state as Values, previous as Values) as State,
    isLoose: (state) => codec.isLoose(state as Values)
  }
}

type Values = { readonly [name: string]: unknown }
type PreviousValues = Previous<Values, Values> | undefined

/** Converts a value or, in place of one, `absent`. */
type Convert = (value: unknown, previous?: Previous<unknown, unknown>) => unknown

interface FieldCodec {
  readonly name: string
  readonly encode: Convert
  readonly decode: Convert
  readonly restore: Convert
  readonly freeze: (value: unknown, previous?: unknown) => void
  /** Whether something in a frozen value can still be changed in place. */
  readonly isLoose: (value: object) => boolean
}

class FieldsCodec {
  readonly #fields: ReadonlyArray<FieldCodec>
  readonly #names: ReadonlySet<string>
  readonly #freezer = new Freezer()

  constructor(fields: Fields) {
    this.#names = new Set(Object.keys(fields))
    this.#fields = Object.entries(fields).map(([name, schema]) => makeField(name, schema, this.#freezer))
  }

  encode(state: Values, last: PreviousValues): Values {
    assertObject(state)
    if (last?.from === state && !this.isLoose(state)) return last.to
    // The fields of one that is not frozen may have been others when it was encoded.
    const previous = last !== undefined && Object.isFrozen(last.from) ? last : undefined
    const encoded: Record<string, unknown> = {}
    let name = ""
    try {
      for (const field of this.#fields) {
        name = field.name
        const value = state[name]
        const before = previous?.from[name]
        const isSame = value === before && value !== undefined && !(isObject(value) && field.isLoose(value))
        const to = isSame
          ? previous?.to[name]
          : field.encode(valueOf(state, name), previous && { from: before, to: previous.to[name] })
        if (to !== undefined) encoded[name] = to
      }
    } catch (defect) {
      throw inField(name, defect)
    }
    return encoded
  }

  decode(encoded: Values, previous: PreviousValues): Values {
    assertObject(encoded)
    if (previous?.from === encoded) return previous.to
    const state: Record<string, unknown> = {}
    for (const { decode, name } of this.#fields) {
      const value = encoded[name]
      const before = previous?.from[name]
      const to =
        value === before && value !== undefined
          ? previous?.to[name]
          : decode(valueOf(encoded, name), previous && { from: before, to: previous.to[name] })
      if (to !== undefined) state[name] = to
    }
    return state
  }

  restore(encoded: Values, previous: PreviousValues): Values {
    assertObject(encoded)
    if (previous?.from === encoded && !this.isLoose(previous.to)) return previous.to
    const state: Record<string, unknown> = {}
    for (const { isLoose, name, restore } of this.#fields) {
      const before = previous?.to[name]
      const isKept =
        before !== undefined && encoded[name] === previous?.from[name] && !(isObject(before) && isLoose(before))
      const to = isKept ? before : restore(valueOf(encoded, name))
      if (to !== undefined) state[name] = to
    }
    return this.freeze(state, undefined)
  }

  freeze(state: Values, previous: Values | undefined): Values {
    if (typeof state !== "object" || state === null || state === previous) return state
    for (const { freeze, name } of this.#fields) {
      const value = state[name]
      if (isObject(value) && value !== previous?.[name]) freeze(value, previous?.[name])
    }
    // A state that is an instance of a class is not plain data, and stays loose.
    const prototype: unknown = Object.getPrototypeOf(state)
    if (prototype !== Object.prototype && prototype !== null) return state
    // Fields outside the schema are not sent, and frozen all the same.
    for (const name in state) if (!this.#names.has(name)) this.#freezer.freeze(state[name])
    return Object.freeze(state)
  }

  isLoose(state: Values): boolean {
    if (!Object.isFrozen(state)) return true
    for (const { isLoose, name } of this.#fields) {
      const value = state[name]
      if (isObject(value) && isLoose(value)) return true
    }
    return false
  }
}

/** The same error, with the field in its path. */
const inField = (name: string, defect: unknown): unknown =>
  Schema.isSchemaError(defect) ? new Schema.SchemaError(new SchemaIssue.Pointer([name], defect.issue)) : defect

const assertObject = (values: unknown): void => {
  if (typeof values !== "object" || values === null) {
    throw new TypeError("The state is no object. Return an object with a value for each field")
  }
}

/** Stands for a key that is absent, in contrast to one whose value is undefined. */
const absent = Symbol("absent")

const valueOf = (values: Values, name: string): unknown => (name in values ? values[name] : absent)

const makeField = (name: string, schema: PureSchema, freezer: Freezer): FieldCodec => {
  const element = listElement(schema)
  const whole = wholeField(name, schema, freezer)
  if (element === undefined) return whole
  const { decode, encode, freeze, restore } = converter(element, freezer)
  // A list is frozen and then encoded, and compared with the list before for both.
  let last: ListChange.ListChange | undefined
  const changeOf = (before: unknown, after: ReadonlyArray<unknown>): ListChange.ListChange =>
    last?.before === before && last?.after === after ? last : (last = ListChange.make(before, after))
  return {
    name,
    encode: (value, previous) => {
      if (!Array.isArray(value)) return whole.encode(value)
      const change = changeOf(previous?.from, value)
      last = undefined
      freezer.freezeList(change, freeze)
      const isKept = freezer.freezeList(ListChange.whole(change.before), freeze) !== LOOSE
      return convertList(change, encode, isKept ? previous?.to : undefined)
    },
    decode: (value, previous) =>
      Array.isArray(value)
        ? convertList(ListChange.make(previous?.from, value), decode, previous?.to)
        : whole.decode(value),
    restore: (value) =>
      Array.isArray(value) ? convertList(ListChange.whole(value), restore, undefined) : whole.restore(value),
    freeze: (value, previous) => {
      if (Array.isArray(value)) freezer.freezeList(changeOf(previous, value), freeze)
      else whole.freeze(value)
    },
    isLoose: (value) => freezer.freeze(value) === LOOSE
  }
}

/**
 * Converts the elements of a list except those that it has in common with the list before, whose conversion is `old`.
 */
const convertList = (
  { after, before, end, first }: ListChange.ListChange,
  convert: Convert,
  old: unknown
): ReadonlyArray<unknown> => {
  let converted: Array<unknown> | undefined
  const put = (index: number, to: unknown): void => {
    // Not `slice`, which takes a hundred times as long for a frozen array.
    if (to !== after[index]) (converted ??= [...after])[index] = to
  }
  const known: ReadonlyArray<unknown> | undefined = Array.isArray(old) && old.length === before.length ? old : undefined
  if (known !== undefined && known !== before) {
    const shift = known.length - after.length
    for (let index = 0; index < first; index++) put(index, known[index])
    for (let index = end; index < after.length; index++) put(index, known[index + shift])
  }
  const [from, to] = known === undefined ? [0, after.length] : [first, end]
  let place = first
  for (let index = from; index < to; index++) {
    const found = known === undefined ? -1 : ListChange.find(before, after[index], place)
    if (found >= 0) place = found + 1
    put(index, found >= 0 ? known?.[found] : convert(after[index]))
  }
  return converted ?? (isOrdinary(after) ? after : [...after])
}

/** The element schema of a plain list, one without checks of its own. */
const listElement = (schema: PureSchema): PureSchema | undefined => {
  const { ast } = schema
  const isPlainList =
    SchemaAST.isArrays(ast) &&
    ast.elements.length === 0 &&
    ast.rest.length === 1 &&
    ast.checks === undefined &&
    ast.encoding === undefined
  return isPlainList ? Schema.make<PureSchema>(ast.rest[0] as SchemaAST.AST) : undefined
}

/** A struct with this one field: only the struct knows whether a key may be absent. */
const wholeField = (name: string, schema: PureSchema, freezer: Freezer): FieldCodec => {
  const direct = converter(schema, freezer)
  const struct = Schema.toCodecJson(Schema.Struct({ [name]: schema }))
  const encode = Schema.encodeUnknownExit(struct)
  const decode = Schema.decodeUnknownExit(struct)
  const object = (value: unknown) => (value === absent ? {} : { [name]: value })
  const through = (exit: Exit.Exit<unknown, unknown>) => (getOrThrow(exit) as Values)[name]
  const simple = (value: unknown) => value !== absent && value !== undefined
  return {
    name,
    encode: (value) => (simple(value) ? direct.encode(value) : through(encode(object(value)))),
    decode: (value) => (simple(value) ? direct.decode(value) : through(decode(object(value)))),
    restore: (value) => (simple(value) ? direct.restore(value) : through(decode(object(value)))),
    freeze: direct.freeze,
    isLoose: (value) => direct.freeze(value) === LOOSE
  }
}

/** Converts values of one schema. */
interface Converter {
  readonly encode: Convert
  readonly decode: Convert
  readonly restore: Convert
  /** Freezes a value; one that was converted before is frozen already. */
  readonly freeze: (value: unknown) => Fixity
}

/** Converts values of one schema, and recognises objects that were converted before. */
const converter = (schema: PureSchema, freezer: Freezer): Converter => {
  const codec = Schema.toCodecJson(schema)
  const encode = Schema.encodeUnknownExit(codec)
  const decode = Schema.decodeUnknownExit(codec)
  // Where the JSON form is the value itself, both ways are checks.
  const isPassed = SchemaAST.toType(codec.ast) === codec.ast
  // Excess keys are not part of the state and must not leave the server: a value that has any is rebuilt without them.
  const strict = StrictDecoder.make(codec)
  const encoded = new WeakMap<object, unknown>()
  const freeze = (value: unknown): Fixity => (isObject(value) && encoded.has(value) ? FIXED : freezer.freeze(value))
  const encodeOnce = (value: unknown): unknown => {
    const known = isObject(value) ? encoded.get(value) : undefined
    if (known !== undefined) return known
    const fixity = freezer.freeze(value)
    if (isPassed && fixity === PLAIN && Exit.isSuccess(strict(value))) {
      if (isObject(value)) encoded.set(value, value)
      return value
    }
    const to = getOrThrow(encode(value))
    // Parts of it may be passed through.
    if (fixity === LOOSE) return copy(to as Json)
    if (isObject(value)) encoded.set(value, to)
    return to
  }
  const decodeAnew = (value: unknown): unknown =>
    isPassed && Exit.isSuccess(strict(value)) ? value : getOrThrow(decode(value))
  const decoded = new WeakMap<object, unknown>()
  const decodeOnce = (value: unknown): unknown => {
    if (!isObject(value)) return decodeAnew(value)
    let to = decoded.get(value)
    if (to === undefined) decoded.set(value, (to = decodeAnew(value)))
    return to
  }
  return {
    encode: encodeOnce,
    decode: decodeOnce,
    restore: (value) => {
      const known = decodeOnce(value)
      // A loose value may have been changed since it was decoded, and may share parts with the encoded one.
      return freeze(known) === LOOSE ? decodeAnew(copy(value as Json)) : known
    },
    freeze
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const getOrThrow = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}
