const nothing: ReadonlyArray<never> = []

/**
 * A map for places where there are very many maps, most with one entry: a single entry is kept without a table, which
 * would be larger than everything else.
 */
export class SmallMap<K, V> implements Iterable<V> {
  #key: K | undefined
  #value: V | undefined
  #table: Map<K, V> | undefined

  get size(): number {
    return this.#table?.size ?? (this.#value === undefined ? 0 : 1)
  }

  get(key: K): V | undefined {
    return this.#table === undefined ? (this.#key === key ? this.#value : undefined) : this.#table.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  set(key: K, value: V & {}): void {
    if (this.#table !== undefined) this.#table.set(key, value)
    else if (this.#value === undefined || this.#key === key) {
      this.#key = key
      this.#value = value
    } else {
      this.#table = new Map([
        [this.#key as K, this.#value],
        [key, value]
      ])
      this.#key = undefined
      this.#value = undefined
    }
  }

  /** Whether the key was there. */
  delete(key: K): boolean {
    if (this.#table !== undefined) return this.#table.delete(key)
    if (this.#key !== key || this.#value === undefined) return false
    this.#key = undefined
    this.#value = undefined
    return true
  }

  clear(): void {
    this.#key = undefined
    this.#value = undefined
    this.#table = undefined
  }

  /** Calls this with each value, in order. Unlike a loop, it makes no iterator. */
  forEach(act: (value: V) => void): void {
    if (this.#table !== undefined) this.#table.forEach(act)
    else if (this.#value !== undefined) act(this.#value)
  }

  /** The values, in the order in which their keys were added. */
  [Symbol.iterator](): Iterator<V> {
    return (this.#table ?? (this.#value === undefined ? nothing : [this.#value])).values() as Iterator<V>
  }
}
