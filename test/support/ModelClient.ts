/**
 * One client in the model test of rooms: the halls it has mounted, what they hear, and for how long it has been away. What is checked of
 * it is checked against `Minutes`, which the server keeps.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, type Fiber } from "effect"
import { LiveError } from "fibra"
import type { LiveHandle } from "fibra/client"
import type { LiveTest } from "fibra/testing"
import * as Handle from "../../src/client/LiveHandle.ts"
import type { PageEvents } from "./PageEvents.ts"
import { RoomFixture, hear, type Life, Minutes } from "./RoomFixture.ts"
import * as ReplicaOpener from "../../src/client/ReplicaOpener.ts"

type Connected = Effect.Success<ReturnType<LiveTest["Service"]["connect"]>>
type Outcome = Exit.Exit<unknown, unknown>

/** A call that changes in which rooms a hall is, or depends on that. */
type Step =
  | { readonly action: "Join" | "Leave"; readonly room: string }
  | { readonly action: "Say" | "Repeat"; readonly words: string; readonly room?: string; readonly times?: number }
  | { readonly action: "Crash" }

interface Made {
  readonly step: Step
  readonly fiber: Fiber.Fiber<Outcome>
}

/** A hall that one client has mounted, or had. */
export interface Hosted {
  readonly who: string
  readonly room: string | undefined
  readonly handle: LiveHandle<typeof RoomFixture>
  readonly release: () => void
  readonly heard: Array<string>
  readonly calls: Array<Made>
  /** Events that were lost before it came to life the last time: what is lost with a session is not counted. */
  lostBefore: number
  words: number
}

/** To be true when `RoomReader` knows of the times in a room that its client has not confirmed. */
const returningIsExact: boolean = true

/** How long a session waits for its client, and how much longer it may take until that is seen. */
const [linger, latest] = [45_000, 47_000]

/** One client. */
export class ModelClient {
  readonly name: string
  /** Undefined for an anonymous client. */
  principal: string | undefined
  readonly client: Connected
  readonly page: PageEvents
  readonly halls: Array<Hosted | undefined> = []
  isStalled = false
  /** When its connection was lost. */
  awaySince: number | undefined
  /** Halls it has released while it was away, which the server does not know. */
  unsaid: Array<Hosted> = []
  /** Whether it has released one, and may have been cut off before the server knew. */
  isVague = false
  /** Whether it cannot connect. */
  isFailing = false
  #isSignedOut = false
  readonly #end: Effect.Effect<void>
  #mounts = 0

  constructor(
    name: string,
    principal: string | undefined,
    client: Connected,
    page: PageEvents,
    end: Effect.Effect<void>
  ) {
    this.name = name
    this.principal = principal
    this.client = client
    this.page = page
    this.#end = end
  }

  /** How others know it; that of an anonymous one is whatever the server makes it, and there is only one of these. */
  get id(): string {
    return this.principal === "ada" ? "ada" : "guest"
  }

  /** Mounts a hall in a place that is free. */
  readonly mount = Effect.fnUntraced(function* (this: ModelClient, place: number, room: string | undefined) {
    const who = `${this.name}${this.#mounts++}`
    const options = { props: { who }, ...(room === undefined ? {} : { room }) }
    const replica = ReplicaOpener.of(this.client.client)(RoomFixture, options)
    const handle = Handle.make(replica)
    const hosted: Hosted = {
      who,
      room,
      handle,
      release: () => replica.release(),
      heard: yield* hear(handle),
      calls: [],
      lostBefore: 0,
      words: 0
    }
    let wasConnected = false
    replica.listen(() => {
      const { activation, connected, eventsDropped } = replica.view
      if (connected && !wasConnected && activation !== "resumed") hosted.lostBefore = eventsDropped
      wasConnected = connected
    })
    this.halls[place] = hosted
  })

  unmount(place: number): void {
    const hosted = this.halls[place]
    if (hosted === undefined) return
    this.halls[place] = undefined
    hosted.release()
    if (this.awaySince === undefined) this.isVague = true
    else this.unsaid.push(hosted)
  }

  /** Everything that was under way has arrived. */
  settled(): void {
    if (this.awaySince === undefined && !this.isStalled) this.isVague = false
  }

  drop(now: number): void {
    this.isStalled = false
    this.awaySince ??= now
  }

  back(): void {
    this.awaySince = undefined
    this.unsaid = []
    this.#isSignedOut = false
  }

  /** Connects again, if it can; after it was signed out, it signs in. */
  get reconnect(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isFailing && this.awaySince !== undefined) return this.client.reconnect
      const connected = this.#isSignedOut ? this.client.signIn(this.principal) : this.client.reconnect
      return Effect.andThen(
        connected,
        Effect.sync(() => this.back())
      )
    })
  }

  /** It was brought back, or looked at, and connects if it can. */
  returned(): void {
    if (!this.isFailing && !this.#isSignedOut) this.back()
  }

  /** Goes on as somebody else: the session is another's, and ends. */
  signIn(principal: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.principal = principal
      this.isStalled = false
      return Effect.andThen(
        this.client.signIn(principal),
        Effect.sync(() => this.back())
      )
    })
  }

  /** Its sessions have ended, wherever it was. */
  signedOut(): void {
    // One that is away is not told, and comes back by itself.
    if (this.awaySince === undefined) this.#isSignedOut = true
    this.isStalled = false
    this.awaySince = -Infinity
  }

  /** The page is closed, and whatever runs in it ends. */
  get close(): Effect.Effect<void> {
    return this.page.hide(false).pipe(Effect.andThen(this.client.disconnect), Effect.andThen(this.#end))
  }

  /** Whether the server still has its session; undefined when it may be ending it just now. */
  isKnown(now: number): boolean | undefined {
    const away = now - (this.awaySince ?? now)
    return away < linger ? true : away > latest ? false : undefined
  }
}

/** Begins a call. */
export const call = Effect.fnUntraced(function* (hosted: Hosted, step: Step) {
  const { handle } = hosted
  const made = (): Effect.Effect<unknown, unknown> => {
    switch (step.action) {
      case "Join":
      case "Leave":
        return handle.call[step.action]({ room: step.room })
      case "Say":
      case "Repeat": {
        const { room, times = 1, words } = step
        const said = { words, ...(room === undefined ? {} : { room }) }
        return step.action === "Say" ? handle.call.Say(said) : handle.call.Repeat({ ...said, times })
      }
      case "Crash":
        return handle.call.Crash()
    }
  }
  const fiber = yield* Effect.forkChild(Effect.exit(made()), { startImmediately: true })
  hosted.calls.push({ step, fiber })
})

const reason = (exit: Outcome | undefined): string | undefined => {
  const failure = exit !== undefined && Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
  if (failure?._tag !== "Fail") return undefined
  return failure.error instanceof LiveError.LiveError ? failure.error.reason._tag : undefined
}

/** The calls of a hall that has had one life, in the order they were made: who speaks in a room is in it. */
export const checkCalls = ({ calls, room, who }: Hosted): void => {
  const rooms = new Set(room === undefined ? [] : [room])
  for (const { fiber, step } of calls) {
    const polled = fiber.pollUnsafe()
    const exit = polled !== undefined && Exit.isSuccess(polled) ? polled.value : undefined
    const isDone = exit !== undefined && Exit.isSuccess(exit)
    // Whoever does not know whether it was done knows nothing of what came after.
    if (!isDone && step.action !== "Crash" && reason(exit) !== "NotInRoom") return
    if (step.action === "Join") rooms.add(step.room)
    if (step.action === "Leave") rooms.delete(step.room)
    if ((step.action === "Say" || step.action === "Repeat") && step.room !== undefined) {
      assert.strictEqual(rooms.has(step.room), isDone, `${who} says something in ${step.room}`)
    }
  }
}

/** What a hall has heard, of what it was to hear: in the order of each room, once, or counted. */
export const checkHeard = Effect.fnUntraced(function* ({ handle, heard, lostBefore, who }: Hosted) {
  const { lives, said } = yield* Minutes
  const own = lives.filter((life) => life.who === who)
  const newest = own.at(-1)
  assert.isDefined(newest, `${who} lives`)
  const toHear = newest?.toHear ?? []
  const all = own.flatMap((life) => life.toHear)
  assert.strictEqual(new Set(heard).size, heard.length, `${who} hears nothing twice: ${heard.join()}`)
  assert.includeMembers(all, heard, `${who} hears what it is to hear`)
  for (const place of new Set(said.values())) {
    const here = (words: ReadonlyArray<string>) => words.filter((word) => said.get(word) === place)
    // The order between rooms is nobody's.
    const isHeard = new Set(heard)
    const inOrder = here(all).filter((word) => isHeard.has(word))
    assert.deepStrictEqual(here(heard), inOrder, `${who} hears ${place} in order`)
  }
  const missed = toHear.filter((word) => !heard.includes(word))
  const counted = (yield* handle.eventsDropped) - lostBefore
  const message = `${who} knows that it has missed ${missed.join()}`
  // Of the time before it came back to a room, what was on its way when the connection was cut is lost, and not counted.
  if (newest?.hasReturned === true && !returningIsExact) assert.isAtMost(counted, missed.length, message)
  else assert.strictEqual(counted, missed.length, message)
})

/** Who is to be listed, in the first room of a hall. */
export const listed = (here: ReadonlyArray<readonly [ModelClient, Life]>): ReadonlyArray<string> => {
  const clients = Map.groupBy(new Set(here.map(([guest]) => guest)), ({ id }) => id)
  return Array.from(clients, ([id, guests]) => {
    const status = guests.every(({ awaySince }) => awaySince !== undefined) ? "away" : "online"
    return `${id} ${status} ${guests.length}`
  }).toSorted()
}
