/**
 * Finds the operations from one JSON value to another. Equal references are skipped; everything else is visited a
 * bounded number of times, whatever the values are. A value whose operations would be longer than itself is set as a
 * whole.
 */
import { FRESH, match, MOVED, STAYS, type ElementMatch } from "./ElementMatch.ts"
import { clean, isContainer, isIndex, isList, type Json, type List, type Obj, part, read, textLength } from "./Json.ts"
import type { Op, Ops } from "./PatchOp.ts"

/** The length from which an append is worth an operation of its own; below it, a set is as short. */
const appendFrom = 16

/** Slicing makes no copy and compares as a block; `startsWith` goes by character and takes twenty times as long. */
const isAppend = (before: Json | undefined, after: Json): boolean =>
  typeof before === "string" &&
  typeof after === "string" &&
  before.length >= appendFrom &&
  after.slice(0, before.length) === before

/** Few and short operations are kept in any case, because setting a value loses the identity of its parts. */
const few = 4
const short = 256

/** Characters of an operation without its path and its values. */
const overheadOf = { set: 9, unset: 11, append: 14, splice: 16 } as const

const digits = (count: number): number => {
  let length = 1
  for (let rest = count; rest >= 10; rest /= 10) length++
  return length
}

/** One search for a patch. */
export class PatchDiff {
  /** Whether an object that existed before has its keys in another order, which no operation expresses. */
  isReordered = false
  readonly #inOrder: boolean
  readonly #ops: Array<Op> = []
  /** Characters of the operations without their values. */
  #overhead = 0
  /** One array that grows and shrinks during the descent, and its characters. */
  readonly #path: Array<string | number> = []
  #pathLength = 2
  /** Values that were compared and differ, each with the last one it was compared with. */
  #different: Map<object, object> | undefined

  /** With `inOrder`, a key that is not where applying would leave it is removed and set again. */
  constructor(inOrder: boolean) {
    this.#inOrder = inOrder
  }

  /** The patch from one value to another; called once. */
  between(before: Json, after: Json): Ops {
    if (before !== after) this.#change(before, after)
    // Only now, because the values of inner operations may have been set with the whole.
    for (let index = 0; index < this.#ops.length; index++) this.#ops[index] = cleaned(this.#ops[index] as Op)
    return this.#ops
  }

  /**
   * Finds the change of one value. Returns how many characters of the new value come from the old one: 0 for none;
   * exact if they are fewer than those of the operations, otherwise at least as many.
   */
  #change(before: Json | undefined, after: Json): number {
    if (isContainer(before) && isContainer(after)) {
      if (isList(before)) {
        if (isList(after)) return this.#changeList(before, after)
      } else if (!isList(after)) return this.#changeObject(before, after)
    } else if (isAppend(before, after)) {
      const { length } = before as string
      this.#push(["append", this.#path.slice(), (after as string).slice(length)])
      return length
    }
    return this.#set(after)
  }

  #set(after: Json): 0 {
    this.#push(["set", this.#path.slice(), after])
    return 0
  }

  #unset(): void {
    this.#push(["unset", this.#path.slice()])
  }

  #push(op: Op): void {
    this.#ops.push(op)
    this.#overhead += overheadOf[op[0]] + this.#pathLength
  }

  #enter(key: string | number): void {
    this.#path.push(key)
    this.#pathLength += typeof key === "string" ? key.length + 3 : digits(key) + 1
  }

  #leave(key: string | number): void {
    this.#path.pop()
    this.#pathLength -= typeof key === "string" ? key.length + 3 : digits(key) + 1
  }

  #changeObject(before: Obj, after: Obj): number {
    const start = this.#ops.length
    const overhead = this.#overhead
    const order = new KeyOrder(Object.keys(before))
    let kept = 0
    for (const key in after) {
      const to = read(after, key)
      if (to === undefined) continue
      const from = read(before, key)
      const isSentAgain = order.isMoved(key, from !== undefined) && this.#inOrder
      if (from === to && !isSentAgain) continue
      this.#enter(key)
      if (isSentAgain) {
        this.#unset()
        this.#set(to)
      } else {
        const inside = this.#change(from, to)
        if (inside > 0) kept += inside + key.length + 4
      }
      this.#leave(key)
    }
    if (order.isBroken) this.isReordered = true
    for (const key in before) {
      if (read(before, key) === undefined || read(after, key) !== undefined) continue
      this.#enter(key)
      this.#unset()
      this.#leave(key)
    }
    if (this.#ops.length === start) return 2
    const wanted = this.#overhead - overhead - kept
    kept += keptFields(before, after, wanted, this.#inOrder ? order.end : undefined)
    return this.#settle(after, kept, start, overhead)
  }

  #changeList(before: List, after: List): number {
    const start = this.#ops.length
    const overhead = this.#overhead
    let first = 0
    let endOld = before.length
    let endNew = after.length
    const most = Math.min(endOld, endNew)
    while (first < most && this.#equal(before[first] as Json, after[first] as Json)) first++
    while (endOld > first && endNew > first && this.#equal(before[endOld - 1] as Json, after[endNew - 1] as Json)) {
      endOld--
      endNew--
    }
    const simple = endOld === first || endNew === first || (endOld - first === 1 && endNew - first === 1)
    const fates = simple ? undefined : match(part(before, first, endOld), part(after, first, endNew))
    let kept = 0
    let i = first
    let j = first
    let from = first //after[from..j) waits to be inserted in place of the last `deletes` old elements
    let deletes = 0
    const flush = (): void => {
      if (deletes > 0 || from < j) {
        this.#push(["splice", this.#path.slice(), from, deletes, part(after, from, j)])
        this.#overhead += digits(from) + digits(deletes)
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
          if (!stay) {
            this.#enter(j)
            const inside = this.#change(a, b)
            if (inside > 0) kept += inside + 1
            this.#leave(j)
          }
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
    if (this.#ops.length === start) return 2
    kept += keptElements(after, first, endNew, fates, this.#overhead - overhead - kept)
    return this.#settle(after, kept, start, overhead)
  }

  /** Replaces the operations inside the value by one, when nothing of the old value is left or when that is shorter. */
  #settle(after: Json, kept: number, start: number, overhead: number): number {
    const count = this.#ops.length - start
    const inside = this.#overhead - overhead
    const whole = overheadOf.set + this.#pathLength
    if (count < 2 || (kept > 0 && ((count < few && inside < short) || kept >= inside - whole))) return kept
    this.#ops.length = start
    this.#overhead = overhead
    return this.#set(after)
  }

  #equal(a: Json, b: Json): boolean {
    if (a === b) return true
    if (!isContainer(a) || !isContainer(b) || isList(a) !== isList(b)) return false
    // Nested lists are compared again when they change; without this, once for each list around them.
    if (this.#different?.get(a) === b) return false
    const isEqual = isList(a) ? this.#equalLists(a, b as List) : this.#equalObjects(a, b as Obj)
    if (!isEqual) (this.#different ??= new Map()).set(a, b)
    return isEqual
  }

  #equalLists(a: List, b: List): boolean {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!this.#equal(a[i] as Json, b[i] as Json)) return false
    return true
  }

  #equalObjects(a: Obj, b: Obj): boolean {
    const order = new KeyOrder(Object.keys(a))
    let missing = 0
    for (const key in b) {
      const to = read(b, key)
      if (to === undefined) continue
      const from = read(a, key)
      if (from === undefined || !this.#equal(from, to)) return false
      order.isMoved(key, true)
      missing--
    }
    for (const key in a) if (read(a, key) !== undefined) missing++
    if (missing !== 0 || (order.isBroken && this.#inOrder)) return false
    if (order.isBroken) this.isReordered = true
    return true
  }
}

/** Finds the keys of an object that are not where applying a patch leaves them: old keys first, then new ones. */
class KeyOrder {
  isBroken = false
  /** The first key that has to move to the end, with all that follow. */
  end: string | undefined
  readonly #keys: ReadonlyArray<string>
  #next = 0

  /** The keys of the old object. */
  constructor(keys: ReadonlyArray<string>) {
    this.#keys = keys
  }

  /** Called with each key of the new object, in order, and whether the old one had it. */
  isMoved(key: string, wasThere: boolean): boolean {
    if (this.end === undefined && wasThere) {
      while (this.#next < this.#keys.length) if (this.#keys[this.#next++] === key) return false
    }
    if (isIndex(key)) return false
    this.end ??= key
    if (wasThere) this.isBroken = true
    return wasThere
  }
}

const keptFields = (before: Obj, after: Obj, wanted: number, end: string | undefined): number => {
  let kept = 0
  for (const key in after) {
    if (kept >= wanted || key === end) break
    const field = read(after, key)
    if (field === undefined || read(before, key) !== field) continue
    kept += key.length + 4 + textLength(field, wanted - kept)
  }
  return kept
}

const keptElements = (
  after: List,
  first: number,
  end: number,
  fates: ElementMatch | undefined,
  wanted: number
): number => {
  let kept = 0
  for (let j = 0; j < after.length && kept < wanted; j++) {
    if (j >= first && j < end && fates?.fresh[j - first] !== STAYS) continue
    kept += 1 + textLength(after[j] as Json, wanted - kept)
  }
  return kept
}

const cleaned = (op: Op): Op => {
  if (op[0] === "set") {
    const value = clean(op[2])
    return value === op[2] ? op : ["set", op[1], value]
  }
  if (op[0] !== "splice") return op
  const items = clean(op[4]) as List
  return items === op[4] ? op : ["splice", op[1], op[2], op[3], items]
}
