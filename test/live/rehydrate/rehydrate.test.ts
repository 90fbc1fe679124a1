/** When the session is gone the state comes back from the token its client carries: once, unaltered, and only to its owner. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type LiveHandle, StateCache } from "fibra/client"
import type { ClientOptions } from "fibra/testing"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { type Heard, listen, rehydrate } from "../../support/Rpc.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

const restart = Effect.gen(function* () {
  const live = yield* LiveTest
  yield* live.kill
  yield* live.start
  yield* live.reconnect
})

layer(subject)("a server that dies", (it) => {
  it.effect("a server that dies loses no state that is older than the token interval", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 3 } })
      yield* lab.call.Add({ by: 4 })
      yield* lab.call.Prepend({ text: "kept" })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* restart
      assert.deepInclude(yield* lab.state, { count: 7, items: [{ id: -1, text: "kept" }] })
      assert.deepInclude(yield* lab.view, { connected: true, activation: "rehydrated" })
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 8)
    }).pipe(Effect.scoped)
  )

  it.effect("a state survives servers that die again and again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      for (let life = 1; life <= 5; life++) {
        assert.strictEqual(yield* lab.call.Add({ by: 1 }), life)
        yield* TestClock.adjust("1 second")
        yield* live.settle
        yield* restart
        assert.deepInclude(yield* lab.view, { activation: "rehydrated" })
        assert.deepInclude(yield* live.open, { instances: 1 })
      }
      assert.strictEqual((yield* lab.state).count, 5)
    }).pipe(Effect.scoped)
  )

  it.effect("a server that dies before there was a change loses no mount", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 3 } })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* restart
      assert.strictEqual((yield* lab.state).count, 3)
      assert.strictEqual(yield* lab.activation, "rehydrated")
    }).pipe(Effect.scoped)
  )

  it.effect("a client that comes back to a new server later than its session lasts keeps its state", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* lab.call.Add({ by: 9 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* live.disconnect
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* live.open).instances, 0)
      yield* live.reconnect
      assert.strictEqual((yield* lab.state).count, 9)
      assert.strictEqual(yield* lab.activation, "rehydrated")
    }).pipe(Effect.scoped)
  )

  it.effect("a server that dies long after the last change loses nothing, because tokens are renewed", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      for (const end of [live.kill, live.stop]) {
        const lab = yield* live.mount(Lab, { props: { start: 0 } })
        yield* lab.call.Add({ by: 9 })
        yield* TestClock.adjust("50 minutes")
        yield* live.settle
        yield* TestClock.adjust("50 minutes")
        yield* live.settle
        yield* end
        yield* live.start
        yield* live.reconnect
        assert.strictEqual((yield* lab.state).count, 9)
        assert.strictEqual(yield* lab.activation, "rehydrated")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("a state of more than an hour ago is forgotten", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* lab.call.Add({ by: 9 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* live.disconnect
      yield* TestClock.adjust("61 minutes")
      yield* live.reconnect
      assert.strictEqual((yield* lab.state).count, 0)
      assert.strictEqual(yield* lab.activation, "mounted")
    }).pipe(Effect.scoped)
  )
})

/** Mounts with a cache key in a Scope of its own, as a page does. */
const page = Effect.fnUntraced(function* (cacheKey: string | undefined, own?: ClientOptions) {
  const live = yield* LiveTest
  const scope = yield* Scope.make()
  const client = yield* Scope.provide(live.connect(own), scope)
  const options = { props: { start: 0 }, ...(cacheKey === undefined ? {} : { cacheKey }) }
  const lab: LiveHandle<typeof Lab> = yield* Scope.provide(client.mount(Lab, options), scope)
  return { client, lab, leave: Effect.andThen(Scope.close(scope, Exit.void), live.settle) }
})

layer(subject)("a page", (it) => {
  it.effect("a page that is reloaded right after its first click has its count", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const before = yield* live.connect()
      const lab = yield* before.mount(Lab, { props: { start: 0 }, cacheKey: "early" })
      yield* lab.call.Add({ by: 5 })
      yield* before.settle
      yield* before.disconnect
      const after = yield* (yield* live.connect()).mount(Lab, { props: { start: 0 }, cacheKey: "early" })
      assert.strictEqual((yield* after.state).count, 5)
      // The session of the page before waits for a client that is gone.
      yield* TestClock.adjust("45 seconds")
    }).pipe(Effect.scoped)
  )

  it.effect("a page that is reloaded has its state, including the latest change", () =>
    Effect.gen(function* () {
      const before = yield* page("mine")
      yield* TestClock.adjust("1 second")
      yield* before.client.settle
      yield* before.lab.call.Add({ by: 5 })
      // No token has it yet, and nobody says good-bye.
      yield* before.client.disconnect
      const after = yield* page("mine")
      assert.strictEqual((yield* after.lab.state).count, 5)
      assert.strictEqual(yield* after.lab.activation, "rehydrated")
      yield* before.leave
      yield* after.leave
      // The session of the page before waits for a client that is gone.
      yield* TestClock.adjust("45 seconds")
    })
  )

  it.effect("a page that the user leaves and comes back to has its state, also when it closes its session", () =>
    Effect.gen(function* () {
      const before = yield* page("left")
      yield* before.lab.call.Add({ by: 5 })
      yield* before.leave
      assert.strictEqual((yield* (yield* LiveTest).open).instances, 0)
      const after = yield* page("left")
      assert.strictEqual((yield* after.lab.state).count, 5)
      yield* after.leave
    })
  )

  it.effect("a page that is open twice has one instance, whichever page is closed first", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const one = yield* page("twice")
      yield* one.lab.call.Add({ by: 1 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      const two = yield* page("twice")
      assert.strictEqual(yield* two.lab.call.Add({ by: 1 }), 2)
      assert.strictEqual((yield* one.lab.state).count, 2)
      assert.strictEqual((yield* live.open).instances, 1)
      yield* one.leave
      assert.strictEqual(yield* two.lab.call.Add({ by: 1 }), 3)
      yield* two.leave
      assert.strictEqual((yield* live.open).instances, 0)
      const three = yield* page("twice")
      assert.strictEqual((yield* three.lab.state).count, 3)
      yield* three.leave
    })
  )

  it.effect("a page with another cache key, or none, has its own state", () =>
    Effect.gen(function* () {
      const one = yield* page("a")
      yield* one.lab.call.Add({ by: 1 })
      yield* TestClock.adjust("1 second")
      yield* one.leave
      for (const key of ["b", undefined]) {
        const other = yield* page(key)
        assert.strictEqual((yield* other.lab.state).count, 0)
        assert.strictEqual(yield* other.lab.activation, "mounted")
        yield* other.leave
      }
    })
  )
})

/** What a raw client of a killed server has: a token of a lab that counted to 2, and one from before that. */
const tokens = Effect.gen(function* () {
  const heard = yield* listen()
  const mounted = yield* heard.mount("Lab", { start: 1 })
  yield* TestClock.adjust("1 second")
  const older = yield* heard.sealed
  yield* heard.call(mounted.componentId, "Add", { by: 1 })
  yield* TestClock.adjust("1 second")
  const token = yield* heard.sealed
  return { heard, mounted, older, token }
})

const refused = Effect.fnUntraced(function* (
  heard: Heard,
  token: string,
  component = "Lab",
  props: unknown = { start: 1 }
) {
  const answer = yield* rehydrate(heard, token, component, props)
  return answer.reason?._tag === "TokenRejected" ? answer.reason.reason : answer
})

layer(subject)("a token", (it) => {
  it.effect("a token can be used once, while its instance runs and when it does not", () =>
    Effect.gen(function* () {
      const { heard, mounted, token } = yield* tokens
      const joined = yield* rehydrate(heard, token)
      assert.deepInclude(joined.value, { componentId: mounted.componentId, epoch: 1, revision: 1 })
      assert.strictEqual(yield* refused(yield* listen(), token), "spent")
      const newer = yield* heard.sealed
      yield* (yield* LiveTest).kill
      yield* (yield* LiveTest).start
      const again = yield* listen()
      const revived = yield* rehydrate(again, newer)
      assert.deepInclude(revived.value, { componentId: mounted.componentId, epoch: 2, revision: 1 })
      assert.deepNestedInclude(revived.value, { "state.count": 2 })
      assert.strictEqual(yield* refused(yield* listen(), newer), "spent")
    }).pipe(Effect.scoped)
  )

  it.effect("a token is refused when a newer one is known to have arrived", () =>
    Effect.gen(function* () {
      const { heard, older, token } = yield* tokens
      assert.strictEqual(yield* refused(yield* listen(), older), "stale")
      yield* heard.disconnect
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* (yield* LiveTest).open).instances, 0)
      assert.strictEqual(yield* refused(yield* listen(), older), "stale")
      assert.deepNestedInclude((yield* rehydrate(yield* listen(), token)).value, { "state.count": 2 })
    }).pipe(Effect.scoped)
  )

  it.effect("a token of an earlier life is stale when a later life was restored from a newer token", () =>
    Effect.gen(function* () {
      const { older, token } = yield* tokens
      yield* (yield* LiveTest).kill
      yield* (yield* LiveTest).start
      yield* rehydrate(yield* listen(), token)
      assert.strictEqual(yield* refused(yield* listen(), older), "stale")
    }).pipe(Effect.scoped)
  )

  it.effect("a token for other props, another component or another principal is refused, and stays valid", () =>
    Effect.gen(function* () {
      const { heard, token } = yield* tokens
      assert.strictEqual(yield* refused(heard, token, "Lab", { start: 2 }), "props")
      assert.strictEqual(yield* refused(heard, token, "Hasty", {}), "component")
      assert.strictEqual(yield* refused(yield* listen({ principal: "mallory" }), token), "principal")
      assert.isDefined((yield* rehydrate(yield* listen(), token)).value)
    }).pipe(Effect.scoped)
  )

  it.effect("a text that is not a token is refused, and the connection continues", () =>
    Effect.gen(function* () {
      const { heard, token } = yield* tokens
      for (const bad of ["", ".", "x", "v1.....", "a".repeat(500_000), token.slice(1), `${token}x`]) {
        assert.match(String(yield* refused(heard, bad)), /^(malformed|signature)$/, bad.slice(0, 30))
      }
      assert.isDefined((yield* rehydrate(heard, token)).value)
    }).pipe(Effect.scoped)
  )

  it.effect("a token restores one instance, however many send it at once, and is void when they have the next", () =>
    Effect.gen(function* () {
      const { token } = yield* tokens
      yield* (yield* LiveTest).kill
      yield* (yield* LiveTest).start
      const all = yield* Effect.forEach(Array.from({ length: 20 }), () => listen())
      const answers = yield* Effect.forEach(all, (heard) => rehydrate(heard, token), { concurrency: "unbounded" })
      for (const { value } of answers) assert.deepInclude(value, { epoch: 2, revision: 1 })
      yield* (yield* LiveTest).settle
      assert.strictEqual((yield* (yield* LiveTest).open).instances, 1)
      assert.strictEqual(yield* refused(yield* listen(), token), "spent")
    }).pipe(Effect.scoped)
  )
})

layer(subject)("two pages of one browser", (it) => {
  it.effect("two pages of one browser come back to one instance after the server died, with one token", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const one = yield* page("both")
      yield* one.lab.call.Add({ by: 2 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      const two = yield* page("both")
      yield* two.client.settle
      yield* live.kill
      yield* live.start
      yield* one.client.reconnect
      yield* two.client.reconnect
      yield* TestClock.adjust("250 millis")
      yield* live.settle
      assert.strictEqual((yield* one.lab.state).count, 2)
      assert.strictEqual(yield* two.lab.call.Add({ by: 1 }), 3)
      assert.strictEqual((yield* one.lab.state).count, 3)
      assert.deepStrictEqual([yield* one.lab.activation, yield* two.lab.activation], ["rehydrated", "rehydrated"])
      assert.strictEqual((yield* live.open).instances, 1)
      yield* one.leave
      yield* two.leave
    })
  )

  it.effect("a page waits for the token of another page, also in a browser that is slow to show it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const cache = Context.get(yield* Layer.build(StateCache.layerMemory), StateCache.StateCache)
      const one = yield* page("slow", { cache })
      yield* one.lab.call.Add({ by: 2 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      let isBehind = false
      // The browser tells the process of a page what other processes have stored; until then it reads what was there.
      const shown = yield* cache.get({ origin: "memory:", component: "Lab", key: "slow" })
      assert.isDefined(shown)
      const behind: typeof cache = { ...cache, get: (at) => (isBehind ? Effect.succeed(shown) : cache.get(at)) }
      const two = yield* page("slow", { cache: behind })
      yield* two.client.settle
      isBehind = true
      yield* live.kill
      yield* live.start
      yield* one.client.reconnect
      yield* live.settle
      yield* two.client.reconnect
      yield* TestClock.adjust("1500 millis")
      isBehind = false
      yield* TestClock.adjust("500 millis")
      yield* live.settle
      assert.strictEqual(yield* two.lab.call.Add({ by: 1 }), 3)
      assert.strictEqual((yield* one.lab.state).count, 3)
      yield* one.leave
      yield* two.leave
    }).pipe(Effect.scoped)
  )
})
