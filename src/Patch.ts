/**
 * The difference between two JSON values: `diff` finds it, `apply` makes the second value from the first, and the
 * schema `Patch` decodes one from the wire. It is meant for values that share structure, as the states before and after
 * a change do: equal references are not looked into. It does not undo, merge or order patches and knows nothing of
 * versions, and a moved list element is sent again at its new place.
 */
import * as Schema from "effect/Schema"

type Path = ReadonlyArray<string | number>
type List = ReadonlyArray<Json>
type Obj = { readonly [key: string]: Json | undefined }

/** A JSON value, in which an object key whose value is `undefined` counts as absent. */
export type Json = null | boolean | number | string | List | Obj

/** One step of a patch. List indices refer to the list as the steps before have left it. */
export type Op =
  | readonly ["set", path: Path, value: Json]
  | readonly ["unset", path: Path]
  | readonly ["splice", path: Path, index: number, deleteCount: number, items: List]
  | readonly ["append", path: Path, text: string]

/** The steps from one JSON value to another, in order. */
export type Patch = ReadonlyArray<Op>

const WirePath = Schema.Array(Schema.Union([Schema.String, Schema.Natural]))

/** Decodes a patch from the wire. */
export const Patch: Schema.Codec<Patch> = Schema.Array(
  Schema.Union([
    Schema.Tuple([Schema.Literal("set"), WirePath, Schema.Json]),
    Schema.Tuple([Schema.Literal("unset"), WirePath]),
    Schema.Tuple([Schema.Literal("splice"), WirePath, Schema.Natural, Schema.Natural, Schema.Array(Schema.Json)]),
    Schema.Tuple([Schema.Literal("append"), WirePath, Schema.String])
  ])
)

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

const isList = (value: Json | undefined): value is List => Array.isArray(value)
const isContainer = (value: Json | undefined): value is List | Obj => typeof value === "object" && value !== null

// A plain read would find `toString` or `__proto__` in objects that have no such key of their own. Loops go over keys
// with `for in`, which is faster than `Object.keys`, and leave it to `read` to skip what is inherited.
const read = (object: Obj, key: string): Json | undefined => (Object.hasOwn(object, key) ? object[key] : undefined)

// Assigning to `__proto__` would replace the prototype instead of storing the value.
const write = (target: Record<string, Json | undefined>, key: string, value: Json): void => {
  if (key !== "__proto__") target[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

// An appended text is worth an operation of its own from this length on; below it a set is as short.
const APPEND_FROM = 16
// Slicing makes no copy and compares as a block; `startsWith` goes by character and takes twenty times as long.
const isAppend = (before: Json, after: Json): boolean =>
  typeof before === "string" &&
  typeof after === "string" &&
  before.length >= APPEND_FROM &&
  after.slice(0, before.length) === before

const equal = (a: Json, b: Json): boolean => {
  if (a === b) return true
  if (!isContainer(a) || !isContainer(b)) return false
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!equal(a[i] as Json, b[i] as Json)) return false
    return true
  }
  if (isList(b)) return false
  let surplus = 0
  for (const key in a) {
    const x = read(a, key)
    if (x === undefined) continue
    const y = read(b, key)
    if (y === undefined || !equal(x, y)) return false
    surplus--
  }
  for (const key in b) if (read(b, key) !== undefined) surplus++
  return surplus === 0
}

const equalAt = (a: List, i: number, b: List, j: number): boolean => a[i] === b[j] || equal(a[i] as Json, b[j] as Json)

// What a patch carries must be JSON to the letter, so absent keys are left out. Shares all that needs no change.
const clean = (value: Json): Json => {
  if (!isContainer(value)) return value
  if (isList(value)) {
    let list: Array<Json> | undefined
    for (let i = 0; i < value.length; i++) {
      const item = clean(value[i] as Json)
      if (item !== value[i]) (list ??= value.slice())[i] = item
    }
    return list ?? value
  }
  let object: Record<string, Json | undefined> | undefined
  for (const key of Object.keys(value)) {
    const field = value[key]
    const cleaned = field === undefined ? undefined : clean(field)
    if (cleaned === undefined) delete (object ??= { ...value })[key]
    else if (cleaned !== field) write((object ??= { ...value }), key, cleaned)
  }
  return object ?? value
}

// What is left of a budget of characters after writing the value down; stops looking once it is overdrawn.
const budgetAfter = (value: Json, budget: number): number => {
  let left =
    budget - (typeof value === "string" ? value.length + 3 : typeof value === "number" ? `${value}`.length + 1 : 5)
  if (!isContainer(value)) return left
  if (isList(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = budgetAfter(value[i] as Json, left)
    return left
  }
  for (const key of Object.keys(value)) {
    if (left < 0) break
    left = budgetAfter(value[key] ?? null, left - key.length - 3)
  }
  return left
}

// One set instead of many operations inside the value: when nothing of the old value survives, or when the new value
// is shorter than the bare brackets of the operations (at least 14 characters each).
const settle = (after: Json, survives: boolean, path: Path, ops: Array<Op>, start: number): boolean => {
  const count = ops.length - start
  if (count < 2 || (survives && (count < 4 || budgetAfter(after, count * 14) < 0))) return survives || count === 0
  ops.length = start
  ops.push(["set", path.slice(), clean(after)])
  return false
}

// `path` is one array that grows and shrinks with the descent. Says whether anything of the old value survives.
const change = (before: Json, after: Json, path: Array<string | number>, ops: Array<Op>): boolean => {
  if (before === after) return true
  if (isContainer(before) && isContainer(after)) {
    if (isList(before)) {
      if (isList(after)) return changeList(before, after, path, ops)
    } else if (!isList(after)) return changeObject(before, after, path, ops)
  } else if (isAppend(before, after)) {
    ops.push(["append", path.slice(), (after as string).slice((before as string).length)])
    return true
  }
  ops.push(["set", path.slice(), clean(after)])
  return false
}

const changeObject = (before: Obj, after: Obj, path: Array<string | number>, ops: Array<Op>): boolean => {
  const start = ops.length
  let survives = false
  for (const key in after) {
    const to = read(after, key)
    if (to === undefined) continue
    const from = read(before, key)
    if (from === to) {
      survives = true
      continue
    }
    path.push(key)
    if (from === undefined) ops.push(["set", path.slice(), clean(to)])
    else if (change(from, to, path, ops)) survives = true
    path.pop()
  }
  for (const key in before) {
    if (read(before, key) !== undefined && read(after, key) === undefined) ops.push(["unset", [...path, key]])
  }
  return settle(after, survives, path, ops, start)
}

// What becomes of an element in the part of a list that changed. Only elements without a counterpart (FRESH) may be
// seen as one element edited in place: an element that merely moved must not be turned into another one.
const FRESH = 0
const MOVED = 1
const STAYS = 2

const changeList = (before: List, after: List, path: Array<string | number>, ops: Array<Op>): boolean => {
  const start = ops.length
  let first = 0
  let endOld = before.length
  let endNew = after.length
  while (first < endOld && first < endNew && equalAt(before, first, after, first)) first++
  while (endOld > first && endNew > first && equalAt(before, endOld - 1, after, endNew - 1)) {
    endOld--
    endNew--
  }
  let survives = first > 0 || endOld < before.length
  const simple = endOld === first || endNew === first || (endOld - first === 1 && endNew - first === 1)
  const fates = simple ? undefined : matchElements(before.slice(first, endOld), after.slice(first, endNew))
  let i = first
  let j = first
  let from = first // after[from..j) is waiting to be inserted in place of the last `deletes` old elements
  let deletes = 0
  const flush = (): void => {
    if (deletes > 0 || from < j) {
      ops.push(["splice", path.slice(), from, deletes, clean(after.slice(from, j)) as List])
    }
    deletes = 0
  }
  while (i < endOld && j < endNew) {
    const old = fates?.old[i - first] ?? FRESH
    const fresh = fates?.fresh[j - first] ?? FRESH
    const stay = old === STAYS && fresh === STAYS
    if (!stay && (old === MOVED || fresh === STAYS)) {
      deletes++
      i++
    } else if (!stay && (fresh === MOVED || old === STAYS)) {
      j++
    } else {
      const a = before[i++] as Json
      const b = after[j] as Json
      if (stay || (isContainer(a) && isContainer(b) && isList(a) === isList(b)) || isAppend(a, b)) {
        flush()
        path.push(j)
        if (stay || change(a, b, path, ops)) survives = true
        path.pop()
        from = ++j
      } else {
        deletes++
        j++
      }
    }
  }
  deletes += endOld - i
  j = endNew
  flush()
  return settle(after, survives, path, ops, start)
}

const matchElements = (before: List, after: List): { readonly old: Uint8Array; readonly fresh: Uint8Array } => {
  const old = new Uint8Array(before.length)
  const fresh = new Uint8Array(after.length)
  const origin = new Int32Array(after.length).fill(-1)
  const pair = (keyOf: (value: Json) => unknown): void => {
    const heads = new Map<unknown, number>() // key -> its first free index in `before`, the others follow in `next`
    const next = new Int32Array(before.length)
    for (let i = before.length - 1; i >= 0; i--) {
      if (old[i] !== FRESH) continue
      const key = keyOf(before[i] as Json)
      if (key === undefined) continue
      next[i] = heads.get(key) ?? -1
      heads.set(key, i)
    }
    if (heads.size === 0) return
    for (let j = 0; j < after.length; j++) {
      if (fresh[j] !== FRESH) continue
      const key = keyOf(after[j] as Json)
      const i = key === undefined ? undefined : heads.get(key)
      if (i === undefined || i < 0) continue
      heads.set(key, next[i] as number)
      origin[j] = i
      old[i] = fresh[j] = MOVED
    }
  }
  pair((value) => value)
  // Elements that were rebuilt are found by their text. With equal lengths they most likely kept their places, which
  // comparing place by place finds for less.
  if (before.length !== after.length) pair((value) => (isContainer(value) ? JSON.stringify(value) : undefined))

  // The longest increasing run of origins stays where it is, so that as few elements as possible are sent again.
  const tails: Array<number> = [] // tails[n]: where in `after` the best run of length n + 1 ends
  const previous = new Int32Array(after.length)
  for (let j = 0; j < after.length; j++) {
    const i = origin[j] as number
    if (i < 0) continue
    let low = 0
    let high = tails.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((origin[tails[middle] as number] as number) < i) low = middle + 1
      else high = middle
    }
    previous[j] = tails[low - 1] ?? -1
    tails[low] = j
  }
  for (let j = tails.at(-1) ?? -1; j >= 0; j = previous[j] as number) old[origin[j] as number] = fresh[j] = STAYS
  return { old, fresh }
}

/** Finds the patch that turns `before` into `after`; equal values give an empty one. */
export const diff = (before: Json, after: Json): Patch => {
  const ops: Array<Op> = []
  if (before !== after) change(before, after, [], ops)
  return ops
}

const describe = (value: Json | undefined): string =>
  value === undefined
    ? "nothing"
    : value === null
      ? "null"
      : isList(value)
        ? "a list"
        : `a value of type ${typeof value}`

/** Makes the value a patch leads to, sharing what the patch does not touch; throws `PatchMismatch` if it misfits. */
export const apply = (value: Json, patch: Patch): Json => {
  if (patch.length === 0) return value
  // The value sits in a list of one, so that the whole of it can be replaced like any part.
  const top: Array<Json> = [value]
  // The containers copied by this call may be written to, so each is copied only once however many steps touch it.
  const copies = new Set<object>()
  for (const op of patch) {
    const path = op[1]
    const fail = (depth: number, expected: string, found: Json | undefined): never => {
      throw new PatchMismatch(op, path.slice(0, depth), expected, describe(found))
    }
    let parent: Array<Json> | Record<string, Json | undefined> = top
    let key: string | number = 0
    const get = (): Json | undefined => {
      if (Array.isArray(parent)) return typeof key === "number" ? parent[key] : undefined
      return typeof key === "string" ? read(parent, key) : undefined
    }
    const put = (next: Json): void => {
      if (Array.isArray(parent)) parent[key as number] = next
      else write(parent, key as string, next)
    }
    const own = <A extends List | Obj>(child: A): A => {
      if (copies.has(child)) return child
      const copy = (isList(child) ? child.slice() : { ...child }) as A
      copies.add(copy)
      put(copy)
      return copy
    }
    for (let depth = 0; depth < path.length; depth++) {
      const child = get()
      if (!isContainer(child)) return fail(depth, "a list or an object", child)
      parent = own(child) as typeof parent
      key = path[depth] as string | number
    }
    const target = get()
    switch (op[0]) {
      case "set":
        // A new key may be set in an object, but a list grows by splices alone.
        if (target === undefined && (Array.isArray(parent) || typeof key !== "string")) {
          fail(path.length, "a list element or an object key", target)
        }
        put(op[2])
        break
      case "unset":
        if (Array.isArray(parent) || target === undefined) return fail(path.length, "an object key", target)
        delete parent[key]
        break
      case "splice": {
        if (!isList(target)) return fail(path.length, "a list", target)
        const [, , index, deleteCount, items] = op
        if (!(index >= 0 && deleteCount >= 0 && index + deleteCount <= target.length)) {
          const least = `a list of at least ${index + deleteCount} elements`
          throw new PatchMismatch(op, path, least, `one of ${target.length}`)
        }
        // Not Array.splice: it takes the items as arguments, and very many of them overflow the stack.
        const list = target.slice(0, index).concat(items, target.slice(index + deleteCount))
        copies.add(list)
        put(list)
        break
      }
      case "append":
        if (typeof target !== "string") return fail(path.length, "a string", target)
        put(target + op[2])
    }
  }
  return top[0] as Json
}
