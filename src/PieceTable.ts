/**
 * A list that is edited at many places, one after the other. Elements stay where they are in one array, and new ones
 * are added at its end; the list is a sequence of pieces of that array, in a splay tree. An edit costs the logarithm of
 * the number of pieces, and next to nothing beside the previous edit. So m edits of a list of n elements, with putting
 * it in order at the end, take n + m steps when they go from one end to the other, and n + m log m in any case.
 */

interface Piece {
  /** The beginning and the length of the piece in the array. */
  readonly start: number
  length: number
  /** Elements of this piece and of all below it. */
  size: number
  left: Piece | undefined
  right: Piece | undefined
}

const sizeOf = (piece: Piece | undefined): number => (piece === undefined ? 0 : piece.size)

const measure = (piece: Piece): void => {
  piece.size = sizeOf(piece.left) + piece.length + sizeOf(piece.right)
}

const pieceOf = (start: number, length: number): Piece => ({
  start,
  length,
  size: length,
  left: undefined,
  right: undefined
})

/** A list that is being edited. */
export class PieceTable<A> {
  readonly #elements: Array<A>
  #root: Piece

  /** The array is changed, and is the list again after `restore`. */
  constructor(elements: Array<A>) {
    this.#elements = elements
    this.#root = pieceOf(0, elements.length)
  }

  get length(): number {
    return this.#root.size
  }

  /** The index in the array of an element; `index` is below `length`. */
  locate(index: number): number {
    const root = this.#splay(index)
    return root.start + index - sizeOf(root.left)
  }

  /** Replaces elements; as many as `deleteCount` have to be there. */
  splice(index: number, deleteCount: number, items: ReadonlyArray<A>): void {
    const before = this.#cut(index)
    this.#cut(deleteCount)
    const after = this.#root
    // The top of what was cut off is its last piece.
    let top = before
    if (items.length > 0) {
      top = pieceOf(this.#elements.length, items.length)
      top.left = before
      for (const item of items) this.#elements.push(item)
    }
    top.right = after
    measure(top)
    this.#root = top
  }

  /** Puts the list in order, in its array. */
  restore(): void {
    const elements = this.#elements
    const list: Array<A> = []
    const open: Array<Piece> = []
    let next: Piece | undefined = this.#root
    while (next !== undefined || open.length > 0) {
      while (next !== undefined) {
        open.push(next)
        next = next.left
      }
      const { length, right, start } = open.pop() as Piece
      for (let from = start; from < start + length; from++) list.push(elements[from] as A)
      next = right
    }
    elements.length = list.length
    for (let index = 0; index < list.length; index++) elements[index] = list[index] as A
    this.#root = pieceOf(0, list.length)
  }

  /** Removes the first elements of the list, and returns their pieces. Either part may have an empty piece at the cut. */
  #cut(count: number): Piece {
    const root = this.#splay(count)
    const inside = count - sizeOf(root.left)
    const rest = pieceOf(root.start + inside, root.length - inside)
    rest.right = root.right
    measure(rest)
    this.#root = rest
    root.right = undefined
    root.length = inside
    measure(root)
    return root
  }

  /**
   * Brings the piece with this element to the top, and halves the way to all pieces on its path (Sleator and Tarjan).
   */
  #splay(index: number): Piece {
    // The pieces on the path belong before or after the new top, in two trees that grow at their inner ends.
    const sides = pieceOf(0, 0)
    let before = sides
    let after = sides
    let passedBefore = 0
    let passedAfter = 0
    let top = this.#root
    let at = index
    for (;;) {
      const { left, right } = top
      if (left !== undefined && at < left.size) {
        if (left.left !== undefined && at < left.left.size) {
          top.left = left.right
          measure(top)
          left.right = top
          top = left
        }
        passedAfter += top.length + sizeOf(top.right)
        after.left = top
        after = top
        top = top.left as Piece
        continue
      }
      at -= sizeOf(left) + top.length
      if (right === undefined || at < 0) break
      const inside = sizeOf(right.left) + right.length
      if (right.right !== undefined && at >= inside) {
        at -= inside
        top.right = right.left
        measure(top)
        right.left = top
        top = right
      }
      passedBefore += sizeOf(top.left) + top.length
      before.right = top
      before = top
      top = top.right as Piece
    }
    before.right = top.left
    after.left = top.right
    // Their sizes do not account yet for what they have lost.
    let size = passedBefore + sizeOf(top.left)
    for (let piece = sides; piece !== before;) {
      piece = piece.right as Piece
      piece.size = size
      size -= sizeOf(piece.left) + piece.length
    }
    size = passedAfter + sizeOf(top.right)
    for (let piece = sides; piece !== after;) {
      piece = piece.left as Piece
      piece.size = size
      size -= piece.length + sizeOf(piece.right)
    }
    top.left = sides.right
    top.right = sides.left
    measure(top)
    return (this.#root = top)
  }
}
