/**
 * Who holds the actors of a directory. An actor that nobody holds is idle: it is passivated when it has been idle for
 * its time, or sooner when there is no room for another one. Nobody can hold so many that no room is left.
 */
import * as Effect from "effect/Effect"
import * as Monotonic from "./Monotonic.ts"
import { Shares } from "./Shares.ts"

/** An owner, and how much it may hold: so many times as many actors as there is still room for. */
export interface HolderShare {
  readonly owner: unknown
  readonly times: number
}

/** An address that somebody holds, or whose actor is idle. */
export interface Holding<Address> {
  readonly address: Address
  holders: number
  /** Whose it is: of the one who held it first, and of those who hold more of them. */
  shares: ReadonlyArray<HolderShare>
}

/** Idle actors that may be so for the same time, the longest idle first. */
interface IdleQueue<Address> {
  readonly millis: number
  /** With when they became idle. */
  readonly holdings: Map<Holding<Address>, number>
  isWatched: boolean
}

/** What a directory does. */
export interface HoldingsOptions<Address> {
  readonly capacity: number
  readonly sharesOf: (address: Address) => ReadonlyArray<HolderShare>
  /** In milliseconds. */
  readonly maxIdleTime: (address: Address) => number
  readonly find: (address: Address) => Holding<Address> | undefined
  readonly keep: (holding: Holding<Address>) => void
  readonly forget: (address: Address) => void
  /** Whether there is an actor, and it does not end. */
  readonly isActive: (address: Address) => boolean
  readonly passivate: (address: Address) => Effect.Effect<void>
  readonly run: (effect: Effect.Effect<void>) => void
}

/** The holdings of one directory. */
export class Holdings<Address> {
  readonly #options: HoldingsOptions<Address>
  readonly #queues = new Map<number, IdleQueue<Address>>()
  readonly #idle = new Shares<Holding<Address>, unknown>()
  readonly #heldBy = new Map<unknown, number>()
  #held = 0

  constructor(options: HoldingsOptions<Address>) {
    this.#options = options
  }

  /** Adds a holder; undefined when it has its share already. */
  enter(address: Address): Holding<Address> | undefined {
    const { find, keep, sharesOf } = this.#options
    const found = find(address)
    if (found !== undefined && found.holders > 0) {
      found.holders++
      return found
    }
    const shares = sharesOf(address)
    if (shares.some((share) => !this.#mayHold(share))) return undefined
    const holding = found ?? { address, holders: 0, shares }
    if (found === undefined) keep(holding)
    else this.#wake(found)
    holding.holders = 1
    holding.shares = shares
    this.#count(shares, 1)
    return holding
  }

  /** Removes a holder. */
  leave(holding: Holding<Address>): Effect.Effect<void> {
    if (--holding.holders > 0) return Effect.void
    this.#count(holding.shares, -1)
    if (this.#options.isActive(holding.address)) {
      return Effect.map(Monotonic.millis, (now) => this.#rest(holding, now))
    }
    this.#options.forget(holding.address)
    return Effect.void
  }

  /** The actor of an address has ended. */
  ended(address: Address): void {
    const holding = this.#options.find(address)
    if (holding === undefined || holding.holders > 0) return
    this.#wake(holding)
    this.#options.forget(address)
  }

  /** The actor that is to be passivated to make room: the longest idle of the owner that has most; undefined: none is idle. */
  takeIdle(): Address | undefined {
    const holding = this.#idle.next
    if (holding !== undefined) this.#wake(holding)
    return holding?.address
  }

  /** What is idle makes room, so it does not count. */
  #mayHold({ owner, times }: HolderShare): boolean {
    return (this.#heldBy.get(owner) ?? 0) < times * (this.#options.capacity - this.#held)
  }

  #count(shares: ReadonlyArray<HolderShare>, by: 1 | -1): void {
    this.#held += by
    for (const { owner } of shares) {
      const count = (this.#heldBy.get(owner) ?? 0) + by
      if (count === 0) this.#heldBy.delete(owner)
      else this.#heldBy.set(owner, count)
    }
  }

  #rest(holding: Holding<Address>, now: number): void {
    // Somebody may have come for it meanwhile, or it has ended.
    if (holding.holders > 0 || !this.#options.isActive(holding.address)) return
    this.#idle.add(holding, holding.shares.at(-1)?.owner, 1)
    const millis = this.#options.maxIdleTime(holding.address)
    let queue = this.#queues.get(millis)
    if (queue === undefined) {
      this.#queues.set(millis, (queue = { millis, holdings: new Map(), isWatched: false }))
    }
    queue.holdings.set(holding, now)
    if (queue.isWatched || millis === Infinity) return
    queue.isWatched = true
    this.#options.run(this.#watch(queue))
  }

  #wake(holding: Holding<Address>): void {
    if (!this.#idle.remove(holding)) return
    this.#queues.get(this.#options.maxIdleTime(holding.address))?.holdings.delete(holding)
  }

  /** Passivates those whose time is over, for as long as there are any. */
  #watch(queue: IdleQueue<Address>): Effect.Effect<void> {
    return Effect.flatMap(Monotonic.millis, (now) => {
      for (const [holding, since] of queue.holdings) {
        const wait = since + queue.millis - now
        if (wait > 0) return Effect.andThen(Effect.sleep(wait), this.#watch(queue))
        this.#wake(holding)
        this.#options.run(this.#options.passivate(holding.address))
      }
      queue.isWatched = false
      return Effect.void
    })
  }
}
