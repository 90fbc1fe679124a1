/** Whatever is wrong with the token a client has kept: it is refused with a reason, said once in the log, and the component mounts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, References, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component, type LiveError } from "fibra"
import { type StateCache } from "fibra/client"
import { LiveConfig, Secrets, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"

const base = {
  props: { name: Schema.String },
  actions: [Rpc.make("Add")]
} as const

class Cart extends Component.Service<Cart>()("Cart", {
  ...base,
  version: 2,
  state: { items: Schema.Int },
  initial: () => ({ items: 0 })
}) {}

/** The same contract, to whoever does not look: its state has another schema. */
class OtherCart extends Component.Service<OtherCart>()("Cart", {
  ...base,
  version: 2,
  state: { items: Schema.Array(Schema.String) },
  initial: () => ({ items: [] })
}) {}

class OldCart extends Component.Service<OldCart>()("Cart", {
  ...base,
  version: 1,
  state: { items: Schema.Int },
  initial: () => ({ items: 0 })
}) {}

class NextCart extends Component.Service<NextCart>()("Cart", {
  ...base,
  version: 3,
  state: { items: Schema.Int },
  initial: () => ({ items: 0 })
}) {}

class Basket extends Component.Service<Basket>()("Basket", {
  ...base,
  version: 2,
  state: { items: Schema.Int },
  initial: () => ({ items: 0 })
}) {}

const add = Effect.gen(function* () {
  const self = yield* Cart
  return Cart.of({ Add: () => Effect.asVoid(self.update(({ items }) => ({ items: items + 1 }))) })
})
const nothing = { Add: () => Effect.void }

const servers = {
  cart: LiveTest.layer({ components: [Cart] }).pipe(Layer.provide(Cart.toLayer(add))),
  other: LiveTest.layer({ components: [OtherCart] }).pipe(Layer.provide(OtherCart.toLayer(nothing))),
  old: LiveTest.layer({ components: [OldCart] }).pipe(Layer.provide(OldCart.toLayer(nothing))),
  next: LiveTest.layer({ components: [NextCart] }).pipe(Layer.provide(NextCart.toLayer(nothing))),
  basket: LiveTest.layer({ components: [Basket] }).pipe(Layer.provide(Basket.toLayer(nothing)))
}

/** What is kept of a token, whatever its place: the test decides who gets it. */
class OneToken {
  token: string | undefined
  readonly cache: StateCache.StateCache["Service"] = {
    get: () => Effect.sync(() => this.token),
    set: (_place, token) => Effect.sync(() => void (this.token = token)),
    remove: () => Effect.sync(() => void (this.token = undefined))
  }
}

const [secret, another] = ["first ".repeat(8), "other ".repeat(8)]

interface Setting {
  readonly server: keyof typeof servers
  readonly component: typeof Cart
  readonly secret: string
  readonly audience: string
  readonly principal?: string
  readonly name: string
}

const setting: Setting = { server: "cart", component: Cart, secret, audience: "shop", name: "ada" }

/** A client with that cache mounts its component on a server. */
const visit = (
  kept: OneToken,
  { audience, component, name, principal, secret, server }: Setting,
  use: (cart: {
    readonly call: { readonly Add: () => Effect.Effect<void, unknown> }
  }) => Effect.Effect<void, unknown, LiveTest> = () => Effect.void
) =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const client = yield* live.connect({ cache: kept.cache, ...(principal === undefined ? {} : { principal }) })
    const cart = yield* client.mount(component, { props: { name }, cacheKey: "cart" })
    const seen = { state: yield* cart.state, activation: yield* cart.activation }
    yield* use(cart)
    return seen
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.fresh(
        servers[server].pipe(Layer.provide(LiveConfig.layer({ audience })), Layer.provide(Secrets.layer([secret])))
      ),
      { local: true }
    )
  )

const second = Effect.gen(function* () {
  yield* TestClock.adjust("1 second")
  yield* (yield* LiveTest).settle
})

interface Case {
  readonly reason: LiveError.TokenRejection
  readonly why: string
  readonly change?: Partial<Setting>
  /** What is done to the token. */
  readonly spoil?: (token: string) => string
  readonly meanwhile?: Effect.Effect<void>
}

const cases: ReadonlyArray<Case> = [
  { reason: "malformed", why: "is garbage", spoil: () => "garbage" },
  { reason: "malformed", why: "is huge", spoil: (token) => token + "A".repeat(200_000) },
  {
    reason: "signature",
    why: "was altered",
    spoil: (token) => token.replace(/.$/, (last) => (last === "A" ? "E" : "A"))
  },
  { reason: "key", why: "was signed with a secret that was taken away", change: { secret: another } },
  { reason: "expired", why: "is too old", meanwhile: TestClock.adjust("61 minutes") },
  { reason: "audience", why: "is for another application", change: { audience: "forum" } },
  { reason: "principal", why: "is somebody else's", change: { principal: "mallory" } },
  { reason: "component", why: "is of another component", change: { server: "basket", component: Basket as never } },
  { reason: "props", why: "was sealed with other props", change: { name: "bob" } },
  {
    reason: "version",
    why: "is of a version nobody migrates from",
    change: { server: "next", component: NextCart as never }
  },
  {
    reason: "newer",
    why: "is of a later version, after a rollback",
    change: { server: "old", component: OldCart as never }
  },
  {
    reason: "state",
    why: "has a state that does not fit any more",
    change: { server: "other", component: OtherCart as never }
  }
]

describe("a token that", () => {
  for (const { change, meanwhile, reason, spoil, why } of cases) {
    it.effect(`a token that ${why} is refused as "${reason}", once in the log, and the component mounts anew`, () => {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ fiber, message }) => {
        if (String(message).includes("token")) logged.push(fiber.getRef(References.CurrentLogAnnotations)["reason"])
      })
      return Effect.gen(function* () {
        const kept = new OneToken()
        yield* visit(kept, setting, (cart) => Effect.andThen(cart.call.Add(), second))
        const { token } = kept
        assert.isDefined(token)
        kept.token = spoil === undefined ? token : spoil(token ?? "")
        yield* meanwhile ?? Effect.void
        const changed = { ...setting, ...change }
        const seen = yield* visit(kept, changed, () => second)
        assert.strictEqual(seen.activation, "mounted")
        assert.deepInclude([0, []], (seen.state as { readonly items: unknown }).items)
        assert.deepStrictEqual(logged, [reason])
        // What is kept now is the token of what was mounted.
        assert.isDefined(kept.token)
        assert.notStrictEqual(kept.token, token)
      }).pipe(Effect.provide(Layer.merge(SnapshotStore.layerMemory, Logger.layer([logger]))))
    })
  }

  it.effect("a token that is as it was sealed brings the state back", () =>
    Effect.gen(function* () {
      const kept = new OneToken()
      yield* visit(kept, setting, (cart) => Effect.andThen(cart.call.Add(), second))
      const seen = yield* visit(kept, setting)
      assert.deepStrictEqual(seen, { state: { items: 1 }, activation: "rehydrated" })
    }).pipe(Effect.provide(SnapshotStore.layerMemory))
  )
})
