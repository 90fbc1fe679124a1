/**
 * Whoever joins, leaves, crashes, drops and comes back, in whatever order: those listed are those who are there, and each member hears
 * each event of its room once and in order, or how many it has missed. `FIBRA_SEED` repeats a run.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Logger, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig, Principals } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { call, checkCalls, checkHeard, ModelClient, type Hosted, listed } from "../../support/ModelClient.ts"
import { makePage } from "../../support/PageEvents.ts"
import { Page } from "../../../src/client/PageLifecycle.ts"
import { RoomFixture, RoomFixtureLayer, type Life, Minutes, out } from "../../support/RoomFixture.ts"

const guest = { guest: Schema.Literals([0, 1, 2]) }
const place = { ...guest, place: Schema.Literals([0, 1]) }
const Room = Schema.Literals(["red", "green", "blue"])

const Command = Schema.Union([
  Schema.TaggedStruct("Join", { ...place, room: Room }),
  Schema.TaggedStruct("Leave", { ...place, room: Room }),
  Schema.TaggedStruct("Say", { ...place, room: Schema.optionalKey(Room) }),
  Schema.TaggedStruct("Repeat", { ...place, times: Schema.Literals([3, 9]) }),
  Schema.TaggedStruct("SendOut", { ...place, other: guest.guest }),
  Schema.TaggedStruct("Crash", place),
  Schema.TaggedStruct("Mount", { ...place, room: Schema.optionalKey(Room) }),
  Schema.TaggedStruct("Unmount", place),
  Schema.TaggedStruct("Drop", guest),
  Schema.TaggedStruct("Reconnect", guest),
  Schema.TaggedStruct("Stall", guest),
  Schema.TaggedStruct("Unstall", guest),
  Schema.TaggedStruct("Trickle", { ...guest, frames: Schema.Literals([1, 2, 5]) }),
  Schema.TaggedStruct("Hide", guest),
  Schema.TaggedStruct("Show", guest),
  Schema.TaggedStruct("Close", guest),
  Schema.TaggedStruct("SignIn", { guest: Schema.Literals([2]) }),
  Schema.TaggedStruct("SignOut", { guest: Schema.Literals([0]) }),
  Schema.TaggedStruct("FailToken", guest),
  Schema.TaggedStruct("Advance", { millis: Schema.Literals([1, 1000, 50_000]) }),
  Schema.TaggedStruct("Settle", {})
])
type Command = typeof Command.Type

/** Little room, so that its bounds are met. */
const config = LiveConfig.layer({
  idleTimeout: Duration.hours(1),
  windowBatches: 4,
  conflateAfter: 3,
  patchLog: 6,
  roomLog: 5,
  maxEvents: 8
})

/** Who is not told in time that it is mounted tries again with the next connection only, and here there may be none. */
const mountTimeout = "1 hour"

/** One more crash within half a minute, and it is not built again in time. */
const maxCrashes = 5

const settle = Effect.fnUntraced(function* (guests: ReadonlyArray<ModelClient>) {
  const live = yield* LiveTest
  for (let round = 0; round < 3; round++) yield* live.settle
  for (const guest of guests) guest.settled()
})

/** Those that live, in the halls of these. */
const lives = Effect.fnUntraced(function* (halls: ReadonlyArray<readonly [ModelClient, Hosted]>) {
  const minutes = yield* Minutes
  return halls.flatMap(([guest, { who }]) => {
    const life = minutes.lives.findLast((life) => life.who === who)
    return life === undefined ? [] : [[guest, life] as const]
  })
})

const first = ({ rooms }: Life): string | undefined => rooms.values().next().value

/** The list of each hall whose client is there has whom it is to have. */
const checkLists = Effect.fnUntraced(function* (guests: ReadonlyArray<ModelClient>, now: number) {
  const known = guests.filter((guest) => guest.isKnown(now))
  const alive = yield* lives(
    known.flatMap((guest) =>
      [...guest.halls, ...guest.unsaid].flatMap((hall) => (hall ? [[guest, hall] as const] : []))
    )
  )
  const minutes = yield* Minutes
  const lists = new Map<string, unknown>()
  for (const guest of guests) {
    for (const hall of guest.awaySince === undefined ? guest.halls : []) {
      if (hall === undefined) continue
      const life = minutes.lives.findLast(({ who }) => who === hall.who)
      assert.isDefined(life)
      if (life === undefined) continue
      const room = first(life)
      const here = alive.filter(([, other]) => (room === undefined ? other === life : first(other) === room))
      const people = yield* hall.handle.presence
      const list = people.map(({ clients, id, status }) => `${id === "ada" ? id : "guest"} ${status} ${clients}`)
      assert.deepStrictEqual(list.toSorted(), listed(here), `${hall.who} sees who is in ${room}`)
      const same = lists.get(room ?? life.id) ?? people
      assert.deepStrictEqual(people, same, `${hall.who} sees what others see in ${room}`)
      lists.set(room ?? life.id, same)
    }
  }
  const rooms = new Set(alive.flatMap(([, { rooms }]) => Array.from(rooms)))
  assert.strictEqual((yield* (yield* LiveTest).open).rooms, rooms.size)
})

/** A client in a page of its own. */
const openPage = Effect.fnUntraced(function* (name: string, principal?: string) {
  const live = yield* LiveTest
  const page = makePage()
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const client = yield* live
    .connect(principal === undefined ? { mountTimeout } : { principal, mountTimeout })
    .pipe(Effect.provideService(Page, page.page), Scope.provide(scope))
  yield* client.settle
  return new ModelClient(name, principal, client, page, Scope.close(scope, Exit.void))
})

const run = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>) {
  const live = yield* LiveTest
  const principals = yield* Principals.Principals
  const guests: [ModelClient, ModelClient, ModelClient] = [
    yield* openPage("tab", "ada"),
    yield* openPage("other", "ada"),
    yield* openPage("guest")
  ]
  let now = 0
  let crashes = 0
  const advance = (millis: number) =>
    Effect.andThen(
      Effect.sync(() => void (now += millis)),
      TestClock.adjust(millis)
    )
  yield* guests[0].mount(0, "red")
  yield* guests[1].mount(0, "red")
  yield* guests[2].mount(0, undefined)
  yield* guests[2].mount(1, "green")
  yield* settle(guests)
  for (const command of commands) {
    if (command._tag === "Advance") {
      yield* advance(command.millis)
      yield* settle(guests)
      continue
    }
    if (command._tag === "Settle") {
      yield* settle(guests)
      continue
    }
    const guest = guests[command.guest]
    const hosted = "place" in command ? guest.halls[command.place] : undefined
    switch (command._tag) {
      case "Join":
      case "Leave":
        if (hosted) yield* call(hosted, { action: command._tag, room: command.room })
        break
      case "Say": {
        const { room } = command
        if (hosted === undefined) break
        const words = `${hosted.who} ${hosted.words++}`
        yield* call(hosted, { action: "Say", words, ...(room === undefined ? {} : { room }) })
        break
      }
      case "Repeat":
        if (hosted === undefined) break
        yield* call(hosted, { action: "Repeat", words: `${hosted.who} ${hosted.words++}`, times: command.times })
        break
      case "SendOut": {
        const other = guests[command.other].halls[0]
        if (!hosted || !other) break
        yield* call(hosted, { action: "Say", words: `${hosted.who} ${hosted.words++} ${out(other.who)}` })
        break
      }
      case "Crash":
        if (hosted && crashes++ < maxCrashes) yield* call(hosted, { action: "Crash" })
        break
      case "Mount":
        guest.unmount(command.place)
        yield* guest.mount(command.place, command.room)
        break
      case "Unmount":
        guest.unmount(command.place)
        break
      case "Drop":
        yield* guest.client.disconnect
        guest.drop(now)
        break
      case "Reconnect":
        yield* guest.reconnect
        break
      case "Stall":
        guest.isStalled = guest.awaySince === undefined
        if (guest.isStalled) yield* guest.client.stall
        break
      case "Unstall":
        guest.isStalled = false
        yield* guest.client.unstall
        break
      case "Trickle":
        yield* guest.client.trickle(command.frames)
        break
      case "Hide":
        yield* guest.page.hide(true)
        yield* guest.client.settle
        guest.drop(now)
        break
      case "Show":
        // Who looks at a page whose connection carries nothing connects anew, when that was seen.
        guest.isStalled = false
        yield* guest.client.unstall
        yield* guest.page.show
        yield* guest.client.settle
        guest.returned()
        break
      case "Close":
        // What is said of others needs a server that knows.
        if (guest.awaySince !== undefined || guest.isVague) break
        yield* guest.close
        guests[command.guest] = yield* openPage(`${guest.name}'`, guest.principal)
        yield* guests[command.guest].mount(0, "red")
        break
      case "SignIn":
        if (guest.isFailing) break
        yield* guest.signIn("bob")
        break
      case "SignOut":
        yield* principals.disconnect({ id: "ada" })
        for (const guest of guests) if (guest.principal === "ada") guest.signedOut()
        yield* settle(guests)
        break
      case "FailToken":
        guest.isFailing = true
        yield* guest.client.fail({ kind: "token" })
        break
    }
  }
  // Those who are there see who is away.
  for (const guest of guests) yield* guest.client.unstall
  for (const guest of guests) guest.isStalled = false
  yield* settle(guests)
  if (guests.every((guest) => !guest.isVague && guest.isKnown(now) !== undefined)) yield* checkLists(guests, now)

  for (const guest of guests) {
    guest.isFailing = false
    yield* guest.client.fail()
    yield* guest.page.show
    yield* guest.reconnect
  }
  for (let round = 0; round < 5; round++) yield* Effect.andThen(advance(1000), settle(guests))
  yield* checkLists(guests, now)
  const halls = guests.flatMap((guest) => guest.halls.filter((hall) => hall !== undefined))
  assert.deepInclude(yield* live.open, { instances: halls.length, parked: 0 })
  const minutes = yield* Minutes
  for (const hall of halls) {
    yield* checkHeard(hall)
    const isSentOut = Array.from(minutes.said.keys()).some((words) => words.endsWith(out(hall.who)))
    const hasOneLife = minutes.lives.filter(({ who }) => who === hall.who).length === 1
    if (hasOneLife && !isSentOut) checkCalls(hall)
  }

  for (const guest of guests) for (const place of guest.halls.keys()) guest.unmount(place)
  yield* advance(1000)
  yield* settle(guests)
  assert.deepInclude(yield* live.open, { instances: 0, rooms: 0 })
})

const seed = process.env["FIBRA_SEED"] ?? String(Math.floor(Math.random() * 2 ** 32))
const runs = Number(process.env["FIBRA_RUNS"] ?? 300)

describe("rooms", () => {
  it.effect.prop(
    `rooms list their members and send them everything once or what they missed, in ${runs} runs of seed ${seed}`,
    [Schema.Array(Command).check(Schema.isMinLength(8), Schema.isMaxLength(60))],
    ([commands]) =>
      run(commands).pipe(
        Effect.scoped,
        Effect.provide(
          LiveTest.layer({ components: [RoomFixture] }).pipe(
            Layer.provide(RoomFixtureLayer),
            Layer.provideMerge(Minutes.layer),
            Layer.provideMerge(Principals.layer),
            Layer.provide(config),
            Layer.provide(Logger.layer([]))
          ),
          { local: true }
        )
      ),
    { arbitrary: { runs, seed, size: 60 }, timeout: 240_000 }
  )
})

console.log(`test/live/rooms/rooms.model.test.ts: ${runs} runs of seed ${seed}; FIBRA_SEED=${seed} repeats them`)
