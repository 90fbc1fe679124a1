/**
 * Encodes and decodes the state of a component, one top-level field at a time. What did not change since the last time
 * is not converted again: fields are compared by reference, and list elements are recognised when they were converted
 * before. Fields whose JSON form is the value itself are checked and passed through, so encoded states share structure
 * like the states do.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Json } from "./Patch.ts"

/** A schema that needs no services. */
export type PureSchema = Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never }

/** The fields of props or of a state. */
export type Fields = { readonly [name: string]: PureSchema }

/** An encoded state: one JSON value per field. */
export type Encoded = { readonly [name: string]: Json }

/** One direction of one field. */
type Convert = (value: unknown) => unknown

interface FieldCodec {
  readonly name: string
  readonly encode: Convert
  readonly decode: Convert
}

/** What was converted last, so that only the difference is converted now. */
export interface Previous<From, To> {
  readonly from: From
  readonly to: To
}

/** Encodes and decodes states of one component; throws the schema's error when a value does not fit. */
export interface StateCodec<State> {
  readonly encode: (state: State, previous?: Previous<State, Encoded>) => Encoded
  readonly decode: (encoded: Encoded, previous?: Previous<Encoded, State>) => State
}

/** Builds the codec of a state; do this once per component. */
export const make = <State>(fields: Fields): StateCodec<State> => {
  const codecs = Object.entries(fields).map(([name, schema]) => makeField(name, schema))
  return {
    encode: (state, previous) => convert(codecs, "encode", state as Values, previous as PreviousValues) as Encoded,
    decode: (encoded, previous) => convert(codecs, "decode", encoded, previous as PreviousValues) as State
  }
}

type Values = { readonly [name: string]: unknown }
type PreviousValues = Previous<Values, Values> | undefined

const convert = (
  codecs: ReadonlyArray<FieldCodec>,
  direction: "encode" | "decode",
  from: Values,
  previous: PreviousValues
): Values => {
  if (previous !== undefined && previous.from === from) return previous.to
  if (typeof from !== "object" || from === null)
    throw new TypeError("The state is no object. Return an object with a value for each field")
  const to: Record<string, unknown> = {}
  for (const codec of codecs) {
    const { name } = codec
    const value = from[name]
    const converted =
      previous !== undefined && previous.from[name] === value && value !== undefined
        ? previous.to[name]
        : codec[direction](value === undefined && !(name in from) ? absent : value)
    if (converted !== undefined) to[name] = converted
  }
  return to
}

/** Stands for a key that is absent, in contrast to one whose value is undefined. */
const absent = Symbol("absent")

const makeField = (name: string, schema: PureSchema): FieldCodec => {
  const list = listElement(schema)
  const whole = wholeField(name, schema)
  if (list === undefined) return { name, ...whole }
  const element = converter(list)
  return {
    name,
    encode: (value) => (Array.isArray(value) ? convertList(value, element.encode) : whole.encode(value)),
    decode: (value) => (Array.isArray(value) ? convertList(value, element.decode) : whole.decode(value))
  }
}

const convertList = (list: ReadonlyArray<unknown>, element: Convert): ReadonlyArray<unknown> => {
  let converted: Array<unknown> | undefined
  for (let index = 0; index < list.length; index++) {
    const from = list[index]
    const to = element(from)
    if (to !== from) (converted ??= list.slice())[index] = to
  }
  return converted ?? list
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
const wholeField = (name: string, schema: PureSchema): { readonly encode: Convert; readonly decode: Convert } => {
  const direct = converter(schema)
  const struct = Schema.toCodecJson(Schema.Struct({ [name]: schema }))
  const encode = Schema.encodeUnknownExit(struct)
  const decode = Schema.decodeUnknownExit(struct)
  const object = (value: unknown) => (value === absent ? {} : { [name]: value })
  const through = (exit: Exit.Exit<unknown, unknown>) => (getOrThrow(exit) as Values)[name]
  const simple = (value: unknown) => value !== absent && value !== undefined
  return {
    encode: (value) => (simple(value) ? direct.encode(value) : through(encode(object(value)))),
    decode: (value) => (simple(value) ? direct.decode(value) : through(decode(object(value))))
  }
}

/** Converts values of one schema, and recognises objects that were converted before. */
const converter = (schema: PureSchema): { readonly encode: Convert; readonly decode: Convert } => {
  const codec = Schema.toCodecJson(schema)
  const encode = Schema.encodeUnknownExit(codec)
  const decode = Schema.decodeUnknownExit(codec)
  if (SchemaAST.toType(codec.ast) !== codec.ast) {
    return {
      encode: remember((value) => getOrThrow(encode(value))),
      decode: remember((value) => getOrThrow(decode(value)))
    }
  }
  // Excess keys are not part of the state and must not leave the server: a value that has any is rebuilt without them.
  const strict = Schema.decodeUnknownExit(codec, { onExcessProperty: "error" })
  const pass = (otherwise: (value: unknown) => Exit.Exit<unknown, unknown>): Convert =>
    remember((value) => (isPlain(value) && Exit.isSuccess(strict(value)) ? value : getOrThrow(otherwise(value))))
  return { encode: pass(encode), decode: pass(decode) }
}

/** Whether a value equals its own JSON: an instance of a class may have a `toJSON`, getters or inherited fields. */
const isPlain = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return true
  if (Array.isArray(value)) return value.every(isPlain)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return !Object.hasOwn(value, "toJSON") && Object.values(value).every(isPlain)
}

const remember = (convert: Convert): Convert => {
  const seen = new WeakMap<object, unknown>()
  return (value) => {
    if (typeof value !== "object" || value === null) return convert(value)
    let converted = seen.get(value)
    if (converted === undefined) {
      converted = convert(value)
      seen.set(value, converted)
    }
    return converted
  }
}

const getOrThrow = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}
