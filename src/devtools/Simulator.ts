/**
 * A bad network between a page and its server. Frames are late, and stay in their order, as on one TCP connection. A single message is
 * never lost on such a connection: to drop is to cut it, and what was under way then is lost with it. Without settings all passes at once.
 */

/** What is wrong with the network. */
export interface Disturbance {
  /** Milliseconds that each frame takes longer, each way. */
  readonly delay: number
  /** Up to so many milliseconds more, at random. */
  readonly jitter: number
  /** The chance, in percent, that the connection is cut in place of carrying a frame, or cannot be made. */
  readonly drop: number
  /** Whether there is no network at all. */
  readonly offline: boolean
}

/** Nothing is wrong. */
export const calm: Disturbance = { delay: 0, jitter: 0, drop: 0, offline: false }

/** The most that each may be. */
export const most = { delay: 10_000, jitter: 10_000, drop: 100 } as const

/** Where time and chance come from. */
export interface TimeAndChance {
  /** Milliseconds since 1970 by the clock of the beginning, which never go back. */
  readonly now: () => number
  /** Calls a function in so many milliseconds, unless the function returned is called before. */
  readonly after: (millis: number, then: () => void) => () => void
  /** From 0 up to 1. */
  readonly random: () => number
}

/** The frames of one direction that are under way. */
class Lane {
  readonly #surroundings: TimeAndChance
  #waiting: Array<{ readonly due: number; readonly pass: () => void }> = []
  #last = 0
  #cancel: (() => void) | undefined

  constructor(surroundings: TimeAndChance) {
    this.#surroundings = surroundings
  }

  /** Passes this in so many milliseconds, and not before what came before it. */
  add(millis: number, pass: () => void): void {
    const due = this.#surroundings.now() + millis
    if (this.#waiting.length === 0 && millis === 0) return pass()
    this.#last = Math.max(this.#last, due)
    this.#waiting.push({ due: this.#last, pass })
    this.#wait()
  }

  /** Passes all of it now. */
  flush(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.pass()
    this.clear()
  }

  /** Loses all of it. */
  clear(): void {
    this.#waiting = []
    this.#last = 0
    this.#cancel?.()
    this.#cancel = undefined
  }

  #wait(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#cancel !== undefined) return
    // In whole milliseconds: after a smaller part of one it might still not be due.
    const millis = Math.max(0, Math.ceil(first.due - this.#surroundings.now()))
    this.#cancel = this.#surroundings.after(millis, () => {
      this.#cancel = undefined
      this.#pass()
      this.#wait()
    })
  }

  #pass(): void {
    const now = this.#surroundings.now()
    for (let next = this.#waiting[0]; next !== undefined && next.due <= now; next = this.#waiting[0]) {
      this.#waiting.shift()
      next.pass()
    }
  }
}

/** The network of one client. */
export class Simulator {
  readonly #surroundings: TimeAndChance
  readonly #out: Lane
  readonly #in: Lane
  #settings = calm

  constructor(surroundings: TimeAndChance) {
    this.#surroundings = surroundings
    this.#out = new Lane(surroundings)
    this.#in = new Lane(surroundings)
  }

  get settings(): Disturbance {
    return this.#settings
  }

  /** From now on it is like this. What is under way arrives as it would have. */
  set(settings: Disturbance): void {
    this.#settings = settings
  }

  /** Everything under way arrives now, and nothing is wrong any more. */
  end(): void {
    this.#settings = calm
    this.#out.flush()
    this.#in.flush()
  }

  /** Whether a new connection can be made, which has nothing under way. */
  connects(): boolean {
    this.#lose()
    return !this.#isCut()
  }

  /** A frame leaves: it is passed, or the connection is cut. */
  leaves(pass: () => void, cut: () => void): void {
    this.#carry(this.#out, pass, cut)
  }

  /** A frame arrives: the same. */
  arrives(pass: () => void, cut: () => void): void {
    this.#carry(this.#in, pass, cut)
  }

  /** The server has closed the connection, which is known no sooner than what it sent before. */
  closes(pass: () => void): void {
    this.#in.add(this.#late, pass)
  }

  get #late(): number {
    const { delay, jitter } = this.#settings
    return delay + (jitter === 0 ? 0 : jitter * this.#surroundings.random())
  }

  #carry(lane: Lane, pass: () => void, cut: () => void): void {
    if (!this.#isCut()) return lane.add(this.#late, pass)
    this.#lose()
    cut()
  }

  #isCut(): boolean {
    const { drop, offline } = this.#settings
    return offline || (drop > 0 && this.#surroundings.random() * 100 < drop)
  }

  #lose(): void {
    this.#out.clear()
    this.#in.clear()
  }
}
