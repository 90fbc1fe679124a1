/**
 * The requests of one client by their ids. Numbers are given in order, so that nearly all are found by their place in a
 * short list, which costs less than a table in time and in memory. Others, and texts, are in a table.
 */

/**
 * The id of a request. Numbers are given in order, so that a single one says which are settled; texts have no order.
 */
export type Id = number | string

/** Places of the list; a client that leaves out ids makes it no longer than this. */
const places = 256

/**
 * Numbers are keys as texts: a Map hashes numbers alike in every process, and a client could choose thousands that all
 * collide.
 */
const keyOf = (id: Id): string => (typeof id === "number" || id.startsWith("#") ? `#${id}` : id)

/** Requests by their ids. */
export class RequestTable<Request extends { readonly id: Id }> implements Iterable<Request> {
  /** The id of the first place. */
  #first = 0
  readonly #list: Array<Request | undefined> = []
  /** Requests in the list. */
  #listed = 0
  #others: Map<string, Request> | undefined

  get size(): number {
    return this.#listed + (this.#others?.size ?? 0)
  }

  get(id: Id): Request | undefined {
    const place = this.#placeOf(id)
    return (place < 0 ? undefined : this.#list[place]) ?? this.#others?.get(keyOf(id))
  }

  /** Adds a request, in place of one with the same id. */
  add(request: Request): void {
    const { id } = request
    if (this.#list.length === 0 && typeof id === "number") this.#first = id
    const place = this.#placeOf(id)
    if (place < 0) {
      this.#others ??= new Map()
      this.#others.set(keyOf(id), request)
      return
    }
    this.#others?.delete(keyOf(id))
    while (this.#list.length < place) this.#list.push(undefined)
    if (this.#list[place] === undefined) this.#listed++
    this.#list[place] = request
  }

  delete({ id }: Request): void {
    const place = this.#placeOf(id)
    if (place < 0 || this.#list[place] === undefined) {
      this.#others?.delete(keyOf(id))
      if (this.#others?.size === 0) this.#others = undefined
      return
    }
    this.#list[place] = undefined
    this.#listed--
    this.#trim()
  }

  /** Removes the requests with a number below this one for which this holds. */
  removeBelow(id: number, holds: (request: Request) => boolean): void {
    const list = this.#list
    const end = Math.min(list.length, id - this.#first)
    for (let place = 0; place < end; place++) {
      const request = list[place]
      if (request === undefined || !holds(request)) continue
      list[place] = undefined
      this.#listed--
    }
    if (list.length > 0) this.#trim()
    if (this.#others === undefined) return
    for (const request of this.#others.values()) {
      if (typeof request.id === "number" && request.id < id && holds(request)) this.delete(request)
    }
  }

  /** All of them: those of the list first, in order. */
  *[Symbol.iterator](): Iterator<Request> {
    for (const request of Array.from(this.#list)) if (request !== undefined) yield request
    yield* this.#others?.values() ?? []
  }

  #placeOf(id: Id): number {
    if (typeof id !== "number") return -1
    const place = id - this.#first
    return place >= 0 && place < places && Number.isInteger(place) ? place : -1
  }

  /** Removes the places before the first request. */
  #trim(): void {
    const list = this.#list
    if (this.#listed === 0) {
      // A list that is cut to no length at once would allocate its places anew for the next request.
      while (list.length > 0) list.pop()
      return
    }
    // The list is short, and mostly one request after the other is settled.
    while (list[0] === undefined) {
      list.shift()
      this.#first++
    }
  }
}
