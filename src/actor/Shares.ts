/**
 * Decides who has to give up something when a place is full. Each thing has an owner and a weight. The owner with the
 * largest weight gives up first, beginning with its oldest thing, so that nobody is displaced by somebody who has more.
 */

/** What one owner has. */
interface Share<Item, Owner> {
  readonly owner: Owner
  /** The things with their weights, the oldest first. */
  readonly items: Map<Item, number>
  weight: number
  level: number
}

/** Levels per doubling of the weight: the owner that counts as the largest is so to within a tenth. */
const levelsPerDoubling = 8

const levelOf = (weight: number): number => (weight < 1 ? 0 : 1 + Math.floor(Math.log2(weight) * levelsPerDoubling))

/** The shares of many owners. */
export class Shares<Item, Owner> {
  readonly #shares = new Map<Owner, Share<Item, Owner>>()
  readonly #shareOf = new Map<Item, Share<Item, Owner>>()
  /** Owners of about the same weight, in the order in which they reached it. */
  readonly #levels: Array<Set<Share<Item, Owner>> | undefined> = []

  /** The number of things. */
  get size(): number {
    return this.#shareOf.size
  }

  /** The number of things of an owner. */
  countOf(owner: Owner): number {
    return this.#shares.get(owner)?.items.size ?? 0
  }

  /** Adds a thing of this owner. */
  add(item: Item, owner: Owner, weight: number): void {
    this.remove(item)
    let share = this.#shares.get(owner)
    if (share === undefined) this.#shares.set(owner, (share = { owner, items: new Map(), weight: 0, level: -1 }))
    share.items.set(item, weight)
    this.#shareOf.set(item, share)
    this.#weigh(share, weight)
  }

  /** Changes the weight of a thing. */
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

  /** The oldest thing of an owner. */
  oldestOf(owner: Owner): Item | undefined {
    return first(this.#shares.get(owner)?.items.keys())
  }

  /** The oldest thing of the owner with the largest weight. */
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
