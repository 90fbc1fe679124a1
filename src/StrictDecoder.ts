/**
 * Decodes values and refuses keys that their schema does not have. Effect makes a set of the known keys for each object
 * that it decodes so, which costs more than decoding it. For schemas of structs, lists and simple values the keys are
 * compared here, with sets that are made once; only what has others, or any other schema, is left to Effect.
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** Builds the decoder of a schema; do this once. */
export const make = (
  schema: Schema.Codec<unknown, unknown>
): ((value: unknown) => Exit.Exit<unknown, Schema.SchemaError>) => {
  const strict = Schema.decodeUnknownExit(schema, { onExcessProperty: "error" })
  const isKnown = knownIn(schema.ast)
  if (isKnown === undefined) return strict
  if (isKnown === anything) return Schema.decodeUnknownExit(schema)
  const decode = Schema.decodeUnknownExit(schema)
  return (value) => (isKnown(value) ? decode(value) : strict(value))
}

/** Whether a value certainly has no keys except those of its schema. */
type IsKnown = (value: unknown) => boolean

const anything: IsKnown = () => true

/** Undefined for schemas whose values may have parts of other schemas. */
const knownIn = (ast: SchemaAST.AST): IsKnown | undefined => {
  if (ast.encoding !== undefined) return undefined
  if (isSimple(ast)) return anything
  if (SchemaAST.isObjects(ast)) return knownInStruct(ast)
  if (SchemaAST.isArrays(ast) && ast.elements.length === 0 && ast.rest.length === 1) return knownInList(ast)
  return undefined
}

const knownInStruct = ({ indexSignatures, propertySignatures }: SchemaAST.Objects): IsKnown | undefined => {
  // A struct without fields accepts everything.
  if (indexSignatures.length > 0 || propertySignatures.length === 0) return undefined
  const fields = new Map<string, IsKnown>()
  for (const { name, type } of propertySignatures) {
    const isKnown = knownIn(type)
    if (typeof name !== "string" || isKnown === undefined) return undefined
    fields.set(name, isKnown)
  }
  return (value) => {
    if (typeof value !== "object" || value === null || Object.getOwnPropertySymbols(value).length > 0) return false
    // Inherited keys are taken for unknown ones: then Effect decides.
    for (const key in value)
      if (fields.get(key)?.((value as { readonly [key: string]: unknown })[key]) !== true) return false
    return true
  }
}

const knownInList = ({ rest }: SchemaAST.Arrays): IsKnown | undefined => {
  const isKnown = rest[0] === undefined ? undefined : knownIn(rest[0])
  if (isKnown === undefined || isKnown === anything) return isKnown
  return (value) => Array.isArray(value) && value.every(isKnown)
}

/** Whether its values have no keys that are looked at. */
const isSimple = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isUnion(ast)
    ? ast.encoding === undefined && ast.types.every((type) => type.encoding === undefined && isSimple(type))
    : simple.some((is) => is(ast))

const simple: ReadonlyArray<(ast: SchemaAST.AST) => boolean> = [
  SchemaAST.isString,
  SchemaAST.isNumber,
  SchemaAST.isBoolean,
  SchemaAST.isLiteral,
  SchemaAST.isNull,
  SchemaAST.isUndefined,
  SchemaAST.isVoid,
  SchemaAST.isUnknown,
  SchemaAST.isAny,
  SchemaAST.isNever
]
