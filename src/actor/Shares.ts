/**
 * Who takes up how much of a place that is full. Each thing has an owner and a weight, and the owner that takes up most gives first,
 * beginning with what it has had longest. So nobody is crowded out by somebody who takes up more.
 */

/** What one owner has. */
interface Share<Item, Owner> {
  readonly owner: Owner
  /** With their weights, the oldest first. */
  readonly items: Map<Item, number>
  weight: number
  level: number
}

/** Levels are this many to a doubling: an owner that is called the largest is so to a part of ten. */
const levelsPerDoubling = 8

const levelOf = (weight: number): number => (weight < 1 ? 0 : 1 + Math.floor(Math.log2(weight) * levelsPerDoubling))

/** The shares of many owners. */
export class Shares<Item, Owner> {
  readonly #shares = new Map<Owner, Share<Item, Owner>>()
  readonly #shareOf = new Map<Item, Share<Item, Owner>>()
  /** Owners of about the same weight: who came to it first is first. */
  readonly #levels: Array<Set<Share<Item, Owner>> | undefined> = []

  /** How many things there are. */
  get size(): number {
    return this.#shareOf.size
  }

  /** How many an owner has. */
  countOf(owner: Owner): number {
    return this.#shares.get(owner)?.items.size ?? 0
  }

  /** One thing more, of this owner. */
  add(item: Item, owner: Owner, weight: number): void {
    this.remove(item)
    let share = this.#shares.get(owner)
    if (share === undefined) this.#shares.set(owner, (share = { owner, items: new Map(), weight: 0, level: -1 }))
    share.items.set(item, weight)
    this.#shareOf.set(item, share)
    this.#weigh(share, weight)
  }

  /** It has come to weigh so much. */
  resize(item: Item, weight: number): void {
    const share = this.#shareOf.get(item)
    const before = share?.items.get(item)
    if (share === undefined || before === undefined || before === weight) return
    share.items.set(item, weight)
    this.#weigh(share, weight - before)
  }

  remove(item: Item): boolean {
    const share = this.#shareOf.get(item)
    if (share === undefined) return false
    const weight = share.items.get(item) ?? 0
    this.#shareOf.delete(item)
    share.items.delete(item)
    this.#weigh(share, -weight)
    return true
  }

  /** What an owner has had longest. */
  oldestOf(owner: Owner): Item | undefined {
    return first(this.#shares.get(owner)?.items.keys())
  }

  /** What the owner that takes up most has had longest. */
  get next(): Item | undefined {
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const share = first(this.#levels[level])
      if (share !== undefined) return first(share.items.keys())
      this.#levels.length = level
    }
    return undefined
  }

  #weigh(share: Share<Item, Owner>, by: number): void {
    share.weight += by
    const level = levelOf(share.weight)
    const isGone = share.items.size === 0
    if (isGone) this.#shares.delete(share.owner)
    if (level === share.level && !isGone) return
    this.#levels[share.level]?.delete(share)
    share.level = level
    if (!isGone) (this.#levels[level] ??= new Set()).add(share)
  }
}

const first = <A>(all: Iterable<A> | undefined): A | undefined => {
  for (const one of all ?? []) return one
  return undefined
}
