/**
 * The requests of one session that are not settled: those that run, and the answers of those that have ended, until the
 * client has them. A request that is sent again joins the run or gets the answer; it never runs twice.
 */
import type { Pending, ReplyListener } from "./ReplyListener.ts"
import { type Id, RequestTable } from "./RequestTable.ts"

export type { Id } from "./RequestTable.ts"

/** The limits of a cache. */
export interface Bounds<Answer> {
  readonly maxAnswers: number
  readonly maxBytes: number
  readonly sizeOf: (answer: Answer) => number
}

/** Why a request cannot run under its id: its answer is not kept any more, or the id belongs to another request. */
export type NotAsked = "forgotten" | "taken"

/** A request that runs or has an answer. The one who runs it reports the outcome here. */
export class KnownRequest<Answer> implements Pending {
  readonly id: Id
  /** What is asked of whom. Another request must not have the same id. */
  readonly of: string
  readonly what: string
  answer: Answer | undefined = undefined
  /** Bytes that it counts for since it has an answer. */
  size = 0
  /** The connected listener; others only when the client has sent the request again. */
  #listener: ReplyListener<Answer> | undefined
  #others: Array<ReplyListener<Answer>> | undefined = undefined
  readonly #cache: ReplyCache<Answer>
  /** What it counts as while it waits. */
  readonly #waiting: number
  #isUnheard = false
  #begun = false
  #running: Pending | undefined = undefined

  constructor(cache: ReplyCache<Answer>, id: Id, of: string, what: string, listener: ReplyListener<Answer>) {
    this.#cache = cache
    this.id = id
    this.of = of
    this.what = what
    this.#listener = listener
    this.#waiting = listener.size ?? 0
  }

  /** What it counts as while it runs and no connection waits for it. */
  get unheard(): number {
    return this.#isUnheard ? this.#waiting : 0
  }

  /** Whether the caller has to run it: true once. */
  begin(): boolean {
    if (this.#begun) return false
    this.#begun = true
    return true
  }

  /** Keeps the run for `cancel`, unless the answer is there already. */
  runs(running: Pending): void {
    if (this.answer === undefined) this.#running = running
  }

  answered(answer: Answer): void {
    if (!this.#cache.keep(this, answer)) return
    this.#isHeard(true)
    const [listener, others] = [this.#listener, this.#others]
    this.#listener = this.#others = undefined
    this.#running = undefined
    listener?.answered(answer)
    if (others !== undefined) for (const other of others) other.answered(answer)
  }

  /** The client sends the request again. */
  join(listener: ReplyListener<Answer>): void {
    if (this.answer !== undefined) return listener.answered(this.answer)
    if (this.#listener === undefined) this.#listener = listener
    else (this.#others ??= []).push(listener)
    this.#isHeard(true)
  }

  /** The client has disconnected; the run continues. */
  detach(): void {
    if (this.answer === undefined) this.#isHeard(false)
    this.#drop()
  }

  /** Nobody wants the answer any more: stops the run. */
  cancel(): void {
    if (!this.#cache.forget(this)) return
    this.#isHeard(true)
    this.#running?.cancel()
    this.#drop()
  }

  #drop(): void {
    const [listener, others] = [this.#listener, this.#others]
    this.#listener = this.#others = undefined
    listener?.dropped()
    if (others !== undefined) for (const other of others) other.dropped()
  }

  #isHeard(heard: boolean): void {
    if (this.#isUnheard !== heard) return
    this.#isUnheard = !heard
    this.#cache.unheard += heard ? -this.#waiting : this.#waiting
  }
}

/** Texts that are remembered for each answer that may be kept. */
const namesPerAnswer = 16

/** The requests of one session, by their ids. */
export class ReplyCache<Answer> {
  readonly #bounds: Bounds<Answer>
  readonly #known = new RequestTable<KnownRequest<Answer>>()
  /** What the requests count as that run without a connection that waits for them. */
  unheard = 0
  #answers = 0
  #bytes = 0
  /** Requests up to this id that are not in the map were settled or removed. */
  #forgotten: number
  /** The latest texts whose answers were removed. */
  #names: Set<string> | undefined

  /** The client has the answers of all requests below this id. */
  #settledBelow: number

  /** Requests below `settledBelow` were settled in an earlier cache. */
  constructor(bounds: Bounds<Answer>, settledBelow = 0) {
    this.#bounds = bounds
    this.#settledBelow = settledBelow
    this.#forgotten = settledBelow - 1
  }

  /** Bytes of the answers that are kept, and of the remembered texts. */
  get bytes(): number {
    let bytes = this.#bytes
    for (const name of this.#names ?? []) bytes += name.length
    return bytes
  }

  get size(): number {
    return this.#known.size
  }

  /** The number of remembered texts. */
  get names(): number {
    return this.#names?.size ?? 0
  }

  /** The answers that are kept. */
  get answers(): ReadonlyArray<Answer> {
    return Array.from(this.#known).flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
  }

  /** The request of this id, with the listener added. The caller runs it if `begin` returns true. */
  ask(id: Id, of: string, what: string, listener: ReplyListener<Answer>): KnownRequest<Answer> | NotAsked {
    const known = this.#known.get(id)
    if (known !== undefined) {
      if (known.what !== what || known.of !== of) return "taken"
      known.join(listener)
      return known
    }
    if (typeof id === "number" ? id <= this.#forgotten : this.#names?.has(id) === true) return "forgotten"
    const asked = new KnownRequest(this, id, of, what, listener)
    this.#known.add(asked)
    return asked
  }

  /** What all requests but this one count as that run without a connection that waits for them. */
  unheardBut(id: Id): number {
    return this.unheard === 0 ? 0 : this.unheard - (this.#known.get(id)?.unheard ?? 0)
  }

  /** Nobody wants the answer any more: stops the run. */
  cancel(id: Id): void {
    this.#known.get(id)?.cancel()
  }

  /** The client has the answers of all requests below this id, and sends none of them again. */
  settleBelow(id: number): void {
    // Each call says so, and most say what was said before.
    if (id <= this.#settledBelow) return
    this.#settledBelow = id
    this.#forgotten = Math.max(this.#forgotten, id - 1)
    this.#known.removeBelow(id, this.#settle)
  }

  /** Whether a request is settled when its client has all answers; then it does not count any more. */
  readonly #settle = (request: KnownRequest<Answer>): boolean => {
    if (request.answer === undefined) return false
    this.#uncount(request)
    return true
  }

  /** The client waits for these requests and no others. */
  retain(pending: Iterable<Id>): void {
    const retained = new Set<unknown>()
    for (const id of pending) retained.add(this.#known.get(id))
    for (const request of Array.from(this.#known)) if (!retained.has(request)) request.cancel()
  }

  /** The client has disconnected; runs continue. */
  detach(): void {
    for (const request of Array.from(this.#known)) request.detach()
  }

  /** Stops all runs, and forgets everything. */
  clear(): void {
    this.retain([])
  }

  /** Keeps the answer of a request, unless that was forgotten; called by `KnownRequest`. */
  keep(request: KnownRequest<Answer>, answer: Answer): boolean {
    if (this.#known.get(request.id) !== request || request.answer !== undefined) return false
    // Its client has said that it needs no answer: nobody asks for it again.
    if (typeof request.id === "number" && request.id < this.#settledBelow) {
      this.#known.delete(request)
      return true
    }
    request.answer = answer
    request.size = this.#sizeOf(request, answer)
    this.#answers++
    this.#bytes += request.size
    this.#evict()
    return true
  }

  /** Forgets a request; false when it was forgotten before. Called by `KnownRequest`. */
  forget(request: KnownRequest<Answer>): boolean {
    if (this.#known.get(request.id) !== request) return false
    this.#delete(request)
    return true
  }

  #delete(request: KnownRequest<Answer>): void {
    this.#known.delete(request)
    this.#uncount(request)
  }

  /** The answer of a request does not count any more, if it has one. */
  #uncount(request: KnownRequest<Answer>): void {
    if (request.answer === undefined) return
    this.#answers--
    this.#bytes -= request.size
  }

  /** The request itself counts as well, because a client may make it long. */
  #sizeOf({ id, of, what }: KnownRequest<Answer>, answer: Answer): number {
    return sizeOf(id) + of.length + what.length + this.#bounds.sizeOf(answer)
  }

  /** Removes the oldest answers, and never the latest. */
  #evict(): void {
    const { maxAnswers, maxBytes } = this.#bounds
    if (this.#answers <= maxAnswers && this.#bytes <= maxBytes) return
    for (const request of this.#known) {
      if (this.#answers <= 1 || (this.#answers <= maxAnswers && this.#bytes <= maxBytes)) return
      if (request.answer === undefined) continue
      this.#delete(request)
      const { id } = request
      if (typeof id === "number") this.#forgotten = Math.max(this.#forgotten, id)
      else this.#rememberName(id)
    }
  }

  #rememberName(name: string): void {
    const names = (this.#names ??= new Set())
    names.add(name)
    if (names.size <= this.#bounds.maxAnswers * namesPerAnswer) return
    for (const oldest of names) return void names.delete(oldest)
  }
}

const sizeOf = (id: Id): number => (typeof id === "string" ? id.length : 0)
