/**
 * What a schema marks as secret, taken out of JSON that the schema has encoded. A schema is marked with `secret`, or is
 * a `Schema.Redacted`. When a secret is part of something that is encoded as a whole, all of it is taken out. An absent
 * value (`null`) stays, since it holds nothing.
 */
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { isContainer, isList, type Json, type List, type Obj, read, write } from "./Json.ts"

const annotation = "fibra/secret"

/** Stands in the place of what was taken out. */
export const placeholder = "[redacted]"

/** Marks a schema as secret. */
export const secret = <S extends Schema.Top>(schema: S): S["Rebuild"] => schema.annotate({ [annotation]: true })

/**
 * Called for each secret with its value and its name: the way to it from the whole value, with `[]` for the elements of
 * a list and `*` for keys that the schema does not name.
 */
export type Replace = (value: Json, name: string) => Json

/** Finds the secrets in values of one schema. */
export interface Redaction {
  /** The value with `placeholder` in place of each secret. Equal references give equal references. */
  readonly redact: (value: Json) => Json
  /** The value with what `replace` returns in place of each secret. */
  readonly replace: (value: Json, name: string, replace: Replace) => Json
}

/** What is secret in a value: nothing, all of it, or parts. */
type Plan = "nothing" | "all" | Parts

interface Parts {
  readonly visit: (value: List | Obj, name: string, replace: Replace) => Json
}

const hide: Replace = () => placeholder

const visit = (plan: Plan, value: Json, name: string, replace: Replace): Json => {
  if (plan === "nothing" || value === null) return value
  if (plan === "all") return replace(value, name)
  return isContainer(value) ? plan.visit(value, name, replace) : value
}

/** Remembers the redacted forms of containers, which are not changed in place. */
abstract class Remembering implements Parts {
  readonly #redacted = new WeakMap<object, Json>()

  protected abstract visitAnew(value: List | Obj, name: string, replace: Replace): Json

  visit(value: List | Obj, name: string, replace: Replace): Json {
    if (replace !== hide) return this.visitAnew(value, name, replace)
    const before = this.#redacted.get(value)
    if (before !== undefined) return before
    const after = this.visitAnew(value, name, replace)
    this.#redacted.set(value, after)
    return after
  }
}

const join = (name: string, key: string): string => (name === "" ? key : `${name}.${key}`)

/** The fields of an object. */
class Fields extends Remembering {
  readonly #fields: ReadonlyMap<string, Plan>
  readonly #others: Plan

  constructor(fields: ReadonlyMap<string, Plan>, others: Plan) {
    super()
    this.#fields = fields
    this.#others = others
  }

  protected override visitAnew(value: List | Obj, name: string, replace: Replace): Json {
    if (isList(value)) return value
    let copy: Record<string, Json | undefined> | undefined
    for (const key of Object.keys(value)) {
      const plan = this.#fields.get(key)
      const before = read(value, key)
      if (before === undefined) continue
      const after = visit(plan ?? this.#others, before, join(name, plan === undefined ? "*" : key), replace)
      if (after !== before) write((copy ??= { ...value }), key, after)
    }
    return copy ?? value
  }
}

/** The elements of a list. */
class Elements extends Remembering {
  readonly #first: ReadonlyArray<Plan>
  readonly #rest: Plan

  constructor(first: ReadonlyArray<Plan>, rest: Plan) {
    super()
    this.#first = first
    this.#rest = rest
  }

  protected override visitAnew(value: List | Obj, name: string, replace: Replace): Json {
    if (!isList(value)) return value
    let copy: Array<Json> | undefined
    for (let index = 0; index < value.length; index++) {
      const before = value[index] as Json
      const after = visit(this.#first[index] ?? this.#rest, before, `${name}[]`, replace)
      if (after !== before) (copy ??= [...value])[index] = after
    }
    return copy ?? value
  }
}

/** A value that may have any of these forms: what is secret in one of them is secret. */
class Either implements Parts {
  readonly #plans: ReadonlyArray<Plan>

  constructor(plans: ReadonlyArray<Plan>) {
    this.#plans = plans
  }

  visit(value: List | Obj, name: string, replace: Replace): Json {
    return this.#plans.reduce<Json>((result, plan) => visit(plan, result, name, replace), value)
  }
}

/** A schema that contains itself. */
class Later implements Parts {
  readonly #plan: () => Plan
  #planned: Plan | undefined

  constructor(plan: () => Plan) {
    this.#plan = plan
  }

  visit(value: List | Obj, name: string, replace: Replace): Json {
    return visit((this.#planned ??= this.#plan()), value, name, replace)
  }
}

/** Marks come before or after the checks of a schema. */
const isMarked = ({ annotations, checks }: SchemaAST.AST): boolean =>
  annotations?.[annotation] === true ||
  checks?.some((check) => check.annotations?.[annotation] === true) === true ||
  (annotations?.representation as { readonly id?: unknown } | undefined)?.id === "effect/schema/Redacted"

/** Whether anything in a schema is marked, at any of its levels of encoding. */
const hasSecret = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST>): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  if (isMarked(ast)) return true
  const inside = (other: SchemaAST.AST): boolean => hasSecret(other, seen)
  if (ast.encoding?.some(({ to }) => inside(to)) === true) return true
  if (SchemaAST.isObjects(ast)) {
    return (
      ast.propertySignatures.some(({ type }) => inside(type)) || ast.indexSignatures.some(({ type }) => inside(type))
    )
  }
  if (SchemaAST.isArrays(ast)) return ast.elements.some(inside) || ast.rest.some(inside)
  if (SchemaAST.isUnion(ast)) return ast.types.some(inside)
  if (SchemaAST.isDeclaration(ast)) return ast.typeParameters.some(inside)
  return SchemaAST.isSuspend(ast) && inside(ast.thunk())
}

/** A value that may have any of these plans. */
const either = (plans: ReadonlyArray<Plan>): Plan => {
  if (plans.includes("all")) return "all"
  const secret = plans.filter((plan) => plan !== "nothing")
  return secret.length > 1 ? new Either(secret) : (secret[0] ?? "nothing")
}

const planOf = (ast: SchemaAST.AST): Plan => {
  if (!hasSecret(ast, new Set())) return "nothing"
  if (isMarked(ast)) return "all"
  const encoded = ast.encoding?.[ast.encoding.length - 1]?.to
  if (encoded !== undefined) {
    const plan = planOf(encoded)
    // The secret is in what is encoded as a whole.
    return plan === "nothing" ? "all" : plan
  }
  if (SchemaAST.isObjects(ast)) {
    const fields = new Map(ast.propertySignatures.map(({ name, type }) => [String(name), planOf(type)]))
    return new Fields(fields, either(ast.indexSignatures.map(({ type }) => planOf(type))))
  }
  if (SchemaAST.isArrays(ast)) {
    return new Elements(ast.elements.map(planOf), either(ast.rest.map(planOf)))
  }
  if (SchemaAST.isUnion(ast)) return either(ast.types.map(planOf))
  return SchemaAST.isSuspend(ast) ? new Later(() => planOf(ast.thunk())) : "all"
}

/** The secrets in the JSON form of a schema, which is that of `Schema.toCodecJson`. */
export const make = (json: Schema.Top): Redaction => {
  const plan = planOf(json.ast)
  return {
    redact: (value) => visit(plan, value, "", hide),
    replace: (value, name, replace) => visit(plan, value, name, replace)
  }
}
