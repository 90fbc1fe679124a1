/**
 * The tokens of one private component, whatever happens to its client, to the answers, to two servers and to the store they share.
 * The promises are few: a client that brings the newest token it has gets its state back; a token before one that is in use does
 * not; and of all lives that were begun one counts. On the open wire, whose clients acknowledge nothing, an older token joins what
 * runs as long as none that came after it was presented.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, Result, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig, Secrets, SnapshotStore } from "fibra/server"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import type { LiveError } from "../../../src/LiveError.ts"
import { Instances } from "../../../src/server/instance/Instances.ts"
import type { InstanceRef } from "../../../src/server/instance/InstanceRef.ts"
import type { Subscriber } from "../../../src/server/instance/Subscriber.ts"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import type { StateCursor } from "../../../src/server/sync/StateCursor.ts"
import type { WireEncoder } from "../../../src/server/sync/WireEncoder.ts"
import * as JsonEncoder from "../../../src/server/wire/json/JsonEncoder.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"
import { MortalStore } from "../../../src/testing/MortalStore.ts"
import { CounterFixture } from "../../support/CounterFixture.ts"

const { storeTimeout, tokenInterval } = LiveConfig.defaults
const component = CounterFixture.componentName
const version = CounterFixture.version

/** How often something happened over all runs: what never happened was not tested. */
const seen = new Map<string, number>()
const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)

/** A store that stands still when it is told to. What it is asked then is not answered, and may be done later all the same. */
class Frozen {
  isFrozen = false
  #late: Array<Effect.Effect<unknown, unknown>> = []
  readonly service: SnapshotStore.SnapshotStore["Service"]

  constructor(store: SnapshotStore.SnapshotStore["Service"]) {
    const answered = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() =>
        this.isFrozen ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => this.#late.push(effect))) : effect
      )
    this.service = {
      read: (address) => answered(store.read(address)),
      write: (...args) => answered(store.write(...args)),
      remove: (address) => answered(store.remove(address)),
      spend: (...args) => answered(store.spend(...args)),
      retire: (...args) => answered(store.retire(...args))
    }
  }

  /** It goes on, with what it was asked in this order or the other. */
  thaw(order: "first" | "last"): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isFrozen = false
      const late = order === "first" ? this.#late : this.#late.toReversed()
      this.#late = []
      return Effect.forEach(late, Effect.exit, { discard: true })
    })
  }
}

/** What a token says of itself, to whoever decodes it. */
interface Token {
  readonly text: string
  readonly epoch: number
  readonly serial: number
  readonly count: number
}

const tokenOf = (text: string): Token => {
  const { epoch, serial, state } = JSON.parse(Buffer.from(text.split(".")[3] ?? "", "base64url").toString())
  return { text, epoch, serial, count: state.count }
}

/** What a session does: it releases what it was given by a request that failed. */
const restored = (instances: Instances["Service"], token: string) =>
  Effect.suspend(() => {
    let held: InstanceRef | undefined
    const restoring = instances.restore({ component, version, token }, undefined, (ref) => (held = ref))
    return Effect.onError(restoring, () => held?.release ?? Effect.void)
  })

const isBefore = (one: Pick<Token, "epoch" | "serial">, other: Pick<Token, "epoch" | "serial">): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.serial < other.serial)

/** A connection on which the component is mounted. */
interface Page {
  readonly server: number
  readonly ref: InstanceRef
  readonly cursor: StateCursor<Subscriber>
  readonly epoch: number
  /** Whether what the server says arrives. */
  hears: boolean
}

interface Server {
  readonly instances: Instances["Service"]
  readonly kill: Effect.Effect<void>
}

const subscriberOf = (encoder: WireEncoder): Subscriber => ({
  client: new ClientInfo(undefined, "page"),
  encoder,
  cursorWoke: () => {},
  hasRoomFor: () => true,
  enter: () => {},
  exit: () => {},
  forget: () => {},
  carry: () => {},
  watch: () => {},
  unwatch: () => {}
})

/** What happened is known from outside only: what was presented and what came of it, and what the client has said. */
class World {
  /** Starts a server over the store. */
  readonly start: Effect.Effect<Server>
  readonly #store: Frozen
  readonly #subscriber: Subscriber
  /** Whether the store has ever stood still. */
  hasHung = false
  /** The last token that arrived, by a pong. */
  arrived: Pick<Token, "epoch" | "serial"> = { epoch: 0, serial: 0 }
  /** The last token that was presented, whatever came of it. */
  presented: Pick<Token, "epoch" | "serial"> = { epoch: 0, serial: 0 }
  readonly servers: Array<Server> = []
  pages: Array<Page> = []
  /** All that the client has got, in its order. */
  readonly tokens: Array<Token> = []
  /** Tokens before it are refused: it was taken, or is the first that was acknowledged after one was. */
  used: Pick<Token, "epoch" | "serial"> = { epoch: 0, serial: 0 }
  /** The token that was taken last, until one that came of it is known to be in use; and the life that came of it. */
  taken: Token | undefined
  life = 1

  constructor(store: Frozen, start: Effect.Effect<Server>, encoder: WireEncoder) {
    this.#store = store
    this.#subscriber = subscriberOf(encoder)
    this.start = start
  }

  get isFrozen(): boolean {
    return this.#store.isFrozen
  }

  get begin(): Effect.Effect<void, LiveError> {
    return Effect.gen({ self: this }, function* () {
      for (let index = 0; index < 2; index++) this.servers.push(yield* this.start)
      const ref = yield* this.server(0).instances.mount({ component, version, props: {} }, undefined, () => {})
      yield* this.#heard(0, ref, true)
    })
  }

  server(index: number): Server {
    return this.servers[index] as Server
  }

  /** The newest token there is: of the latest life, the latest. */
  get best(): Token {
    return this.tokens.reduce((one, other) => (isBefore(one, other) ? other : one))
  }

  /** The page that shows the latest life. */
  get shown(): Page | undefined {
    return this.pages
      .filter(({ hears }) => hears)
      .reduce<Page | undefined>((one, other) => (one === undefined || other.epoch > one.epoch ? other : one), undefined)
  }

  /** The tokens of the life that is shown that no other one was presented after. */
  get unused(): ReadonlyArray<Token> {
    const { life, presented, shown, used } = this
    if (shown?.epoch !== life) return []
    return this.tokens.filter((token) => token.epoch === life && !isBefore(token, used) && !isBefore(token, presented))
  }

  get add(): Effect.Effect<void> {
    const { shown } = this
    if (shown === undefined) return Effect.void
    return Effect.callback<void>((resume) => {
      shown.ref.send("Add", { by: 1 }, { from: this.#subscriber.client }, () => resume(Effect.void))
    })
  }

  /** Time for each state to be sealed, and for each page to hear of it. */
  get wait(): Effect.Effect<void> {
    return Effect.map(TestClock.adjust(tokenInterval), () => {
      for (const page of this.pages) if (page.hears) this.#read(page)
    })
  }

  acknowledge(): void {
    for (const { cursor, epoch, hears } of this.pages) {
      if (!hears || cursor.serial === 0) continue
      cursor.confirm(cursor.serial)
      // A pong says that it arrived, not that the page has kept it.
      if (!this.#subscriber.encoder.isAcknowledged) {
        const token = { epoch, serial: cursor.serial }
        if (isBefore(this.arrived, token)) this.arrived = token
        continue
      }
      const token = { epoch, serial: cursor.serial }
      // What is said to a life that does not count any more changes nothing, and a store that stands still hears of it later.
      if (epoch !== this.life || this.taken === undefined || !isBefore(this.taken, token) || this.isFrozen) continue
      note("one in use")
      this.taken = undefined
      if (isBefore(this.used, token)) this.used = token
    }
  }

  /** The client's connections are gone: it hears nothing more, and what it has mounted stays for a while, or goes. */
  leave(stays: boolean): Effect.Effect<void> {
    return Effect.forEach(
      this.pages,
      (page) => {
        page.hears = false
        if (stays) return Effect.sync(() => page.ref.detach(page.cursor))
        page.ref.unsubscribe(page.cursor)
        return page.ref.release
      },
      { discard: true }
    ).pipe(Effect.andThen(Effect.sync(() => void (stays || (this.pages = [])))))
  }

  restart(index: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      yield* this.server(index).kill
      this.pages = this.pages.filter(({ server }) => server !== index)
      this.servers[index] = yield* this.start
    })
  }

  /** Brings a token to servers, at once; each answer arrives or is lost. */
  present(token: Token, to: ReadonlyArray<number>, arrives: boolean) {
    const one = (index: number) => Effect.result(restored(this.server(index).instances, token.text))
    if (isBefore(this.presented, token)) this.presented = token
    return Effect.gen({ self: this }, function* () {
      const asked = yield* Effect.forkChild(Effect.forEach(to, one, { concurrency: "unbounded" }), {
        startImmediately: true
      })
      // Nobody waits for longer than this.
      if (this.isFrozen) yield* TestClock.adjust(storeTimeout)
      yield* Effect.yieldNow
      assert.isDefined(asked.pollUnsafe(), "whoever presents a token is answered in time")
      const answers = yield* Fiber.join(asked)
      for (const [place, answer] of answers.entries()) {
        if (Result.isSuccess(answer)) yield* this.#heard(to[place] ?? 0, answer.success, arrives, token)
      }
      return answers.map((answer) =>
        Result.isSuccess(answer) ? "taken" : "reason" in answer.failure.reason ? answer.failure.reason.reason : "?"
      )
    })
  }

  freeze(): void {
    this.hasHung = true
    this.#store.isFrozen = true
  }

  thaw(order: "first" | "last"): Effect.Effect<void> {
    // What was not stored is stored at the latest ten seconds later.
    return Effect.andThen(this.#store.thaw(order), TestClock.adjust("11 seconds"))
  }

  /** An instance was got hold of. */
  #heard(server: number, ref: InstanceRef, hears: boolean, token?: Token): Effect.Effect<void, LiveError> {
    return Effect.map(ref.subscribe(this.#subscriber), (cursor) => {
      const { epoch, state } = ref.snapshot(cursor, { index: undefined, seals: true })
      const count = Number(state["count"])
      if (token !== undefined) {
        assert.isAtLeast(count, token.count, "a state that comes back is none that is older than its token")
        assert.isAtLeast(epoch, this.life, "a life that comes back is the one that counts, or a later one")
        if (epoch > this.life) {
          const others = this.pages.filter((page) => page.epoch === epoch && page.server !== server)
          assert.deepStrictEqual(others, [], "no two servers have the same life")
        }
        this.life = epoch
        this.taken = token
        if (isBefore(this.used, token)) this.used = token
      }
      const page: Page = { server, ref, cursor, epoch, hears }
      this.pages.push(page)
      if (hears) this.#read(page)
    })
  }

  #read(page: Page): void {
    const text = page.cursor.takeToken()
    if (text !== undefined) this.tokens.push(tokenOf(text))
  }
}

const Place = Schema.Literals([0, 1])
const Command = Schema.Union([
  Schema.TaggedStruct("Add", {}),
  Schema.TaggedStruct("Wait", {}),
  Schema.TaggedStruct("Acknowledge", {}),
  Schema.TaggedStruct("Present", { to: Schema.Literals([0, 1, "both", "twice"]), arrives: Schema.Boolean }),
  Schema.TaggedStruct("PresentOld", {
    to: Place,
    back: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 }))
  }),
  Schema.TaggedStruct("Leave", { stays: Schema.Boolean }),
  Schema.TaggedStruct("Restart", { server: Place }),
  Schema.TaggedStruct("Freeze", {}),
  Schema.TaggedStruct("Thaw", { order: Schema.Literals(["first", "last"]) })
])

/** What matters where clients acknowledge nothing: a token that arrives, and may be missed, and one before it that is brought. */
const OpenWireCommand = Schema.Union([
  Schema.TaggedStruct("Arrive", {}),
  Schema.TaggedStruct("PresentUnused", { pick: Schema.Natural, arrives: Schema.Boolean })
])

const play = Effect.fnUntraced(function* (world: World, command: typeof Command.Type | typeof OpenWireCommand.Type) {
  switch (command._tag) {
    case "Add":
      return yield* world.add
    case "Wait":
      return yield* world.wait
    case "Acknowledge":
      return world.acknowledge()
    case "Leave":
      return yield* world.leave(command.stays)
    case "Restart":
      return yield* world.restart(command.server)
    case "Freeze":
      return world.freeze()
    case "Thaw":
      return yield* world.thaw(command.order)
    case "Present": {
      const { best } = world
      const to = command.to === "both" ? [0, 1] : command.to === "twice" ? [0, 0] : [command.to]
      // Who has presented it before, and has not heard, does so again.
      const answers = yield* world.present(best, to, command.arrives)
      for (const answer of answers) note(`the best: ${answer}`)
      if (world.isFrozen) assert.notInclude(answers, "taken")
      assert.include(world.isFrozen ? ["unavailable"] : ["taken"], answers[0], "the newest token is taken")
      return
    }
    case "Arrive":
      yield* world.add
      yield* world.wait
      return world.acknowledge()
    case "PresentUnused": {
      const { isFrozen, life, shown, unused } = world
      const token = unused[command.pick % unused.length]
      if (token === undefined || shown === undefined || isFrozen) return
      const [answer] = yield* world.present(token, [shown.server], command.arrives)
      note(isBefore(token, world.arrived) ? "an unused one: missed" : "an unused one: the last")
      assert.strictEqual(answer, "taken", "a token joins what runs when no later one was presented")
      // A spend that hung may have been carried out, for a life on the other server.
      if (!world.hasHung) assert.strictEqual(world.life, life, "what runs goes on")
      return
    }
    case "PresentOld": {
      const token = world.tokens.at(-1 - command.back)
      if (token === undefined) return
      const isPast = isBefore(token, world.used)
      // Of a life that another one has taken the place of, unless it is the one that both came of.
      const isOfOther = token.epoch < world.life && token.epoch !== world.taken?.epoch && token.epoch > world.used.epoch
      if (!isPast && !isOfOther) return
      const [answer] = yield* world.present(token, [command.to], false)
      note(`an old one: ${answer}`)
      assert.notStrictEqual(answer, "taken", "a token before one that is in use is refused")
    }
  }
})

const countingLayer = (persist: boolean) =>
  CounterFixture.toLayer(
    Effect.map(Effect.service(CounterFixture), (self) =>
      CounterFixture.of({
        Add: ({ by }) =>
          Effect.map(
            self.update(({ count }) => ({ count: count + by })),
            ({ count }) => count
          )
      })
    ),
    { persist }
  )

const makeServer = Effect.fnUntraced(function* (
  persist: boolean,
  store: SnapshotStore.SnapshotStore["Service"],
  secrets: Context.Context<Secrets.Secrets>
): Effect.fn.Return<Server> {
  const scope = yield* Scope.make()
  const mortal = new MortalStore(store)
  const core = LiveCore.layer({ components: [CounterFixture] }).pipe(
    Layer.provide([
      countingLayer(persist),
      Layer.succeed(SnapshotStore.SnapshotStore, mortal.service),
      Layer.succeedContext(secrets),
      Logger.layer([])
    ])
  )
  const context = yield* Effect.orDie(Layer.buildWithScope(Layer.fresh(core), scope))
  return {
    instances: Context.get(context, Instances),
    kill: Effect.suspend(() => {
      mortal.die()
      return Effect.asVoid(Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true }))
    })
  }
})

/** The runs of this seed are known to use tokens in every way; `FIBRA_SEED` gives others. */
const fixedSeed = "1"
const seed = process.env["FIBRA_SEED"] ?? fixedSeed

/** What is played, and on which wire. */
const kinds = {
  private: { encoder: RpcEncoder, commands: Command },
  persistent: { encoder: RpcEncoder, commands: Command },
  "private (open wire)": {
    encoder: JsonEncoder.make(() => 0),
    commands: Schema.Union([...Command.members, ...OpenWireCommand.members])
  }
}

describe("the tokens of a component", () => {
  for (const [kind, { commands, encoder }] of Object.entries(kinds)) {
    const persist = kind === "persistent"
    it.effect.prop(
      `the tokens of a ${kind} component restore what counts, whatever is lost, late or repeated`,
      [
        Schema.Array<Schema.Codec<typeof Command.Type | typeof OpenWireCommand.Type>>(commands).check(
          Schema.isMinLength(20),
          Schema.isMaxLength(40)
        )
      ],
      ([commands]) =>
        Effect.gen(function* () {
          const memory = yield* Layer.build(Layer.fresh(SnapshotStore.layerMemory))
          const store = new Frozen(Context.get(memory, SnapshotStore.SnapshotStore))
          const secrets = yield* Layer.build(Layer.fresh(Secrets.layerRandom))
          const world = new World(store, makeServer(persist, store.service, secrets), encoder)
          yield* world.begin
          for (const command of commands) yield* play(world, command)
          yield* world.thaw("first")
          const [answer] = yield* world.present(world.best, [0], true)
          assert.strictEqual(answer, "taken")
          yield* Effect.forEach(world.servers, ({ kill }) => kill)
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 150, seed } }
    )
  }

  it.skipIf(seed !== fixedSeed)("the runs used tokens in every way that matters", () => {
    for (const what of [
      "the best: taken",
      "the best: unavailable",
      "an old one: stale",
      "an old one: spent",
      "an unused one: missed",
      "one in use"
    ]) {
      assert.isAtLeast(seen.get(what) ?? 0, 5, what)
    }
  })
})
