/**
 * The requests of one session that are not settled: those that run, and the answers of those that ended, until the client has
 * them. A request that is sent again joins the run or gets the answer; it never runs a second time.
 */

/** Names a request. Numbers are given in order, so that it is known which were settled; texts are in no order. */
export type Id = number | string

/** Gets an answer, once. */
export type ReplyListener<Answer> = (answer: Answer) => void

/** What is asked, and of whom; the same id for something else is a mistake. */
export interface Request {
  readonly of: string
  readonly what: string
}

interface Entry<Answer> extends Request {
  /** Those who asked, and are there. */
  listeners: ReadonlyArray<ReplyListener<Answer>>
  cancel: () => void
  answer: Answer | undefined
}

/** What a ledger may hold. */
export interface Bounds<Answer> {
  readonly maxAnswers: number
  readonly maxBytes: number
  readonly sizeOf: (answer: Answer) => number
}

/** How asking went: it runs or has an answer, its answer is no longer here, or the id is that of something else. */
export type Asked = "known" | "forgotten" | "taken"

const noop = (): void => {}
const nobody: ReadonlyArray<never> = []

/** Names that are remembered for each answer that may be kept. */
const namesPerAnswer = 16

/** The requests of one session, by their ids. */
export class ReplyCache<Answer> {
  readonly #bounds: Bounds<Answer>
  readonly #entries = new Map<Id, Entry<Answer>>()
  #answers = 0
  #bytes = 0
  /** Requests up to this id that are not here were settled, or had to make room. */
  #forgotten: number
  /** Texts whose answers had to make room, the latest of them. */
  #names: Set<string> | undefined

  /** Requests below `settledBelow` were settled in an earlier ledger. */
  constructor(bounds: Bounds<Answer>, settledBelow = 0) {
    this.#bounds = bounds
    this.#forgotten = settledBelow - 1
  }

  /** Bytes of the answers that are kept, and of the names of others. */
  get bytes(): number {
    let bytes = this.#bytes
    for (const name of this.#names ?? []) bytes += name.length
    return bytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** The answers that are kept. */
  get answers(): ReadonlyArray<Answer> {
    return Array.from(this.#entries.values()).flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
  }

  /**
   * Runs a request, unless it runs or ran already. The listener is called once, at once or later, as is every other that asked
   * and is there. `run` gives how to cancel it.
   */
  ask(
    id: Id,
    { of, what }: Request,
    listener: ReplyListener<Answer>,
    run: (done: ReplyListener<Answer>) => () => void
  ): Asked {
    const known = this.#entries.get(id)
    if (known !== undefined) {
      if (known.what !== what || known.of !== of) return "taken"
      if (known.answer === undefined) known.listeners = [...known.listeners, listener]
      else listener(known.answer)
      return "known"
    }
    if (typeof id === "number" ? id <= this.#forgotten : this.#names?.has(id) === true) return "forgotten"
    const entry: Entry<Answer> = { of, what, listeners: [listener], cancel: noop, answer: undefined }
    this.#entries.set(id, entry)
    entry.cancel = run((answer) => this.#answered(id, entry, answer))
    return "known"
  }

  /** Nobody wants this any more: what runs is cancelled. */
  cancel(id: Id): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#delete(id, entry)
    if (entry.answer === undefined) entry.cancel()
  }

  /** The client has the answers of all requests below this id, and asks for none of them again. */
  settleBelow(id: number): void {
    this.#forgotten = Math.max(this.#forgotten, id - 1)
    for (const [known, entry] of this.#entries) {
      if (typeof known === "string") continue
      if (known >= id) return
      if (entry.answer !== undefined) this.#delete(known, entry)
    }
  }

  /** The client waits for these and no others. */
  retain(pending: ReadonlySet<Id>): void {
    for (const id of Array.from(this.#entries.keys())) {
      if (!pending.has(id)) this.cancel(id)
    }
  }

  /** Whoever asked is gone; what runs goes on. */
  detach(): void {
    for (const entry of this.#entries.values()) entry.listeners = nobody
  }

  /** Cancels what runs, and forgets everything. */
  clear(): void {
    this.retain(new Set())
  }

  #answered(id: Id, entry: Entry<Answer>, answer: Answer): void {
    if (this.#entries.get(id) !== entry) return
    const { listeners } = entry
    entry.listeners = nobody
    entry.answer = answer
    this.#answers++
    this.#bytes += sizeOf(id) + this.#sizeOf(entry, answer)
    this.#evict()
    for (const listener of listeners) listener(answer)
  }

  #delete(id: Id, entry: Entry<Answer>): void {
    this.#entries.delete(id)
    if (entry.answer === undefined) return
    this.#answers--
    this.#bytes -= sizeOf(id) + this.#sizeOf(entry, entry.answer)
  }

  /** What was asked counts, too: it is as long as the client likes. */
  #sizeOf({ of, what }: Request, answer: Answer): number {
    return of.length + what.length + this.#bounds.sizeOf(answer)
  }

  /** The oldest answers go first, but not the latest. */
  #evict(): void {
    const { maxAnswers, maxBytes } = this.#bounds
    if (this.#answers <= maxAnswers && this.#bytes <= maxBytes) return
    for (const [id, entry] of this.#entries) {
      if (this.#answers <= 1 || (this.#answers <= maxAnswers && this.#bytes <= maxBytes)) return
      if (entry.answer === undefined) continue
      this.#delete(id, entry)
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
