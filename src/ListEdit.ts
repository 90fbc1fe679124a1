/**
 * A list that is edited at many places. Edits that go from its beginning to its end, as those of a difference do, are
 * made in one pass over its array: it has a gap at the last edit, and what the next one skips is moved across. An edit
 * that goes back turns the array into a table of pieces. So edits that go forward take as many steps as the list and
 * they have elements, and make no objects.
 */
import { PieceTable } from "./PieceTable.ts"

/** A list that is being edited. */
export class ListEdit<A> {
  readonly #elements: Array<A>
  /** The list is what lies before the gap and what lies behind it. */
  #gap = 0
  #behind = 0
  #table: PieceTable<A> | undefined

  /** The array is changed, and is the list again after `restore`. */
  constructor(elements: Array<A>) {
    this.#elements = elements
  }

  get length(): number {
    return this.#table?.length ?? this.#elements.length - this.#behind + this.#gap
  }

  /** The index in the array of an element; `index` is below `length`. */
  locate(index: number): number {
    if (this.#table !== undefined) return this.#table.locate(index)
    return index < this.#gap ? index : index - this.#gap + this.#behind
  }

  /** Replaces elements; as many as `deleteCount` have to be there. */
  splice(index: number, deleteCount: number, items: ReadonlyArray<A>): void {
    // With a table there is no gap.
    if (index < this.#gap) {
      this.#close()
      this.#table = new PieceTable(this.#elements)
    }
    if (this.#table !== undefined) return this.#table.splice(index, deleteCount, items)
    this.#forward(index)
    this.#behind += deleteCount
    if (this.#behind - this.#gap < items.length) this.#widen(items)
    for (const item of items) this.#elements[this.#gap++] = item
  }

  /** Puts the list in order, in its array. */
  restore(): void {
    if (this.#table === undefined) this.#close()
    else this.#table.restore()
  }

  /** Moves the gap to an index. */
  #forward(index: number): void {
    const elements = this.#elements
    if (this.#gap === this.#behind) this.#behind = this.#gap = index
    while (this.#gap < index) elements[this.#gap++] = elements[this.#behind++] as A
  }

  #close(): void {
    this.#forward(this.length)
    this.#elements.length = this.#gap
    this.#gap = this.#behind = 0
  }

  /** Makes room for items, and for half as many as there are elements, so that it is seldom needed. */
  #widen(items: ReadonlyArray<A>): void {
    const elements = this.#elements
    const { length } = elements
    const more = items.length + (length >> 1)
    // Not `elements.length`, which would leave an array with holes, and slow for good.
    for (let count = 0; count < more; count++) elements.push(items[0] as A)
    elements.copyWithin(this.#behind + more, this.#behind, length)
    this.#behind += more
  }
}
