/**
 * The difference between two JSON values: `diff` finds it, `apply` makes the second value from the first, and the
 * schema `Patch` decodes one from the wire. It is meant for values that share structure, as the states before and after
 * a change do: equal references are not looked into. It does not undo or merge patches and knows nothing of versions,
 * and a moved list element is sent again at its new place.
 */
import * as Schema from "effect/Schema"
import { isContainer, isList, type Json, type List, type Obj, read, write } from "./Json.ts"
import { ListEdit } from "./ListEdit.ts"
import { PatchDiff } from "./PatchDiff.ts"
import { isPatch, type Op, type Ops, type Path } from "./PatchOp.ts"

export type { Json } from "./Json.ts"
export type { Op } from "./PatchOp.ts"

/** The steps from one JSON value to another, in order. */
export type Patch = Ops

/** Decodes a patch with one check: a schema for each part would cost more than applying a long patch. */
export const Patch: Schema.Codec<Patch> = Schema.declare(isPatch, {
  expected: "a patch: a list of set, unset, splice and append",
  toCodecJson: () => undefined
})

/**
 * The patch was made for another value than the one it was applied to; `path` is where they differ.
 *
 * Goes to the caller of `apply`; fibra's client then asks for the whole state.
 */
export class PatchMismatch extends Error {
  override readonly name = "PatchMismatch"
  readonly hint = "The value is left as it was. Ask the sender for a snapshot."
  readonly path: Path
  constructor(op: Op, path: Path, expected: string, found: string) {
    super(`The patch does not fit: "${op[0]}" needs ${expected} at ${JSON.stringify(path)}, and there is ${found}.`)
    this.path = path
  }
}

/** The patch from `before` to `after`, without the order of keys. It is empty for equal values. */
export const diff = (before: Json, after: Json): Patch => new PatchDiff(false).between(before, after)

/**
 * The patch from `before` to `after`, with the order of keys: its result has the text of `after`. A key that moved is
 * sent again.
 */
export const diffInOrder = (before: Json, after: Json): Patch => new PatchDiff(true).between(before, after)

/** The patch of a change, and the value that it leads to. */
export interface Transition {
  readonly patch: Patch
  readonly value: Json
}

/**
 * The change from one value to another. A different order of keys is not sent. So that there is one order, the value is
 * the one that applying the patch gives, for clients that apply it and for clients that get the whole value later.
 */
export const change = (before: Json, after: Json): Transition => {
  const search = new PatchDiff(false)
  const patch = search.between(before, after)
  return { patch, value: search.isReordered ? apply(before, patch) : after }
}

const describe = (value: Json | undefined): string =>
  value === undefined
    ? "nothing"
    : value === null
      ? "null"
      : isList(value)
        ? "a list"
        : `a value of type ${typeof value}`

/** The result of a patch. Shares what the patch does not change; throws `PatchMismatch` when the patch does not fit. */
export const apply = (value: Json, patch: Patch): Json => {
  const draft = new Draft(value)
  for (const op of patch) draft.apply(op)
  return draft.done()
}

/** A value that is being changed. Each changed container is copied once, however many steps change it. */
class Draft {
  /** The value is in a list of one, so that it can be replaced as a whole. */
  readonly #top: Array<Json>
  /** The containers that were copied, and may be written to. */
  readonly #copies = new Set<object>()
  /** Those of them that are lists whose elements are put in order at the end. */
  readonly #edits = new Map<object, ListEdit<Json>>()
  /** The target of a step. */
  #parent: Array<Json> | Record<string, Json | undefined>
  #key: string | number = 0

  constructor(value: Json) {
    this.#parent = this.#top = [value]
  }

  done(): Json {
    for (const edit of this.#edits.values()) edit.restore()
    return this.#top[0] as Json
  }

  apply(op: Op): void {
    const path = op[1]
    this.#parent = this.#top
    this.#key = 0
    for (let depth = 0; depth < path.length; depth++) {
      const child = this.#get()
      if (!isContainer(child)) return fail(op, depth, "a list or an object", child)
      this.#parent = this.#own(child) as Array<Json> | Record<string, Json | undefined>
      this.#key = path[depth] as string | number
    }
    const target = this.#get()
    switch (op[0]) {
      case "set":
        return this.#set(op, target, op[2])
      case "unset":
        if (Array.isArray(this.#parent) || target === undefined) return fail(op, path.length, "an object key", target)
        return void delete this.#parent[this.#key]
      case "splice":
        if (!isList(target)) return fail(op, path.length, "a list", target)
        return this.#spliceList(op, target)
      case "append":
        if (typeof target !== "string") return fail(op, path.length, "a string", target)
        return this.#put(target + op[2])
    }
  }

  #set(op: Op, target: Json | undefined, value: Json): void {
    if (target === undefined) {
      // A new key can be set in an object, but a list grows only by splices.
      if (Array.isArray(this.#parent) || typeof this.#key !== "string") {
        return fail(op, op[1].length, "a list element or an object key", target)
      }
      // A key that counted as absent must not keep its place among the others.
      delete this.#parent[this.#key]
    }
    this.#put(value)
  }

  #spliceList(op: Splice, list: List): void {
    if (!this.#copies.has(list)) return this.#spliceOnce(op, list)
    let edit = this.#edits.get(list)
    if (edit === undefined) this.#edits.set(list, (edit = new ListEdit(list as Array<Json>)))
    assertThere(op, edit.length)
    edit.splice(op[2], op[3], op[4])
  }

  /** Most lists are spliced once. Not Array.splice, whose items are arguments: very many of them overflow the stack. */
  #spliceOnce(op: Splice, list: List): void {
    const [, , index, deleteCount, items] = op
    assertThere(op, list.length)
    const copy = [...list]
    const spliced = copy.slice(0, index).concat(items, copy.slice(index + deleteCount))
    this.#copies.add(spliced)
    this.#put(spliced)
  }

  #get(): Json | undefined {
    if (!Array.isArray(this.#parent)) return typeof this.#key === "string" ? read(this.#parent, this.#key) : undefined
    const edit = this.#edits.get(this.#parent)
    if (edit === undefined) return typeof this.#key === "number" ? this.#parent[this.#key] : undefined
    if (typeof this.#key !== "number" || !(this.#key >= 0 && this.#key < edit.length)) return undefined
    this.#key = edit.locate(this.#key)
    return this.#parent[this.#key]
  }

  #put(next: Json): void {
    // The index of a list element is written as any other key.
    write(this.#parent as Record<string, Json | undefined>, this.#key as string, next)
  }

  #own<A extends List | Obj>(child: A): A {
    if (this.#copies.has(child)) return child
    // Not `slice`, which takes a hundred times as long for a frozen array.
    const copy = (isList(child) ? [...child] : { ...child }) as A
    this.#copies.add(copy)
    this.#put(copy)
    return copy
  }
}

type Splice = Op & { readonly 0: "splice" }

const assertThere = (op: Splice, length: number): void => {
  const end = op[2] + op[3]
  if (op[2] >= 0 && op[3] >= 0 && end <= length) return
  throw new PatchMismatch(op, op[1], `a list of at least ${end} elements`, `one of ${length}`)
}

const fail = (op: Op, depth: number, expected: string, found: Json | undefined): never => {
  throw new PatchMismatch(op, op[1].slice(0, depth), expected, describe(found))
}
