/** The client of a page that was rendered takes up what is mounted for it, as if it had mounted it itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { ssrOf } from "fibra/client"
import { LiveSsr } from "fibra/server"
import { LiveTest } from "fibra/testing"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"
import { behaviors, components, Gate, Lab, Ticker } from "../../support/Lab.ts"
import { Minutes, RoomFixture, RoomFixtureLayer } from "../../support/RoomFixture.ts"

const subject = LiveTest.layer({ components: [...components, RoomFixture] }).pipe(
  Layer.provideMerge(Layer.merge(behaviors, Layer.provide(RoomFixtureLayer, Minutes.layer))),
  Layer.provide(Logger.layer([]))
)

type Mounting<A> = (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<A, unknown, LiveSsr.LiveSsr>

/** Renders a page, and gives what it carries. */
const rendered = <A>(mounting: Mounting<A>) =>
  Effect.gen(function* () {
    const request = HttpServerRequest.fromWeb(new Request("http://test/"))
    yield* mounting(request)
    return (yield* LiveSsr.page(request)).data
  })

const props = { start: 3 }

const lab = rendered((request) => LiveSsr.mount(Lab, { props }, request))

const shared = rendered((request) => LiveSsr.mount(Lab, { props, key: "shared" }, request))

const fresh = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.scoped(effect), subject, { local: true })

describe("the client of a rendered page", () => {
  it.effect("continues the instance, which is built once and mounted once", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ssr = yield* lab
        const page = yield* live.connect({ ssr: ssrOf(ssr) })
        const handle = yield* page.mount(Lab, { props })
        const { activation, componentId, connected, state, status } = yield* handle.view
        assert.deepStrictEqual(
          { activation, componentId, connected, count: state.count, status },
          {
            activation: "resumed",
            componentId: ssr.components[0]?.componentId,
            connected: true,
            count: 3,
            status: "running"
          }
        )
        assert.strictEqual(yield* handle.call.Add({ by: 4 }), 7)
        assert.deepStrictEqual((yield* handle.state).count, 7)
        assert.strictEqual((yield* Gate).built, 1)
        const { instances, parked } = yield* live.open
        assert.deepStrictEqual({ instances, parked }, { instances: 1, parked: 0 })
      })
    )
  )

  it.effect("has what has changed since the page was rendered, and follows from there", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ssr = yield* rendered((request) => LiveSsr.mount(Ticker, {}, request))
        yield* TestClock.adjust("5 seconds")
        const page = yield* live.connect({ ssr: ssrOf(ssr) })
        const handle = yield* page.mount(Ticker, {})
        assert.strictEqual((yield* handle.state).seconds, 5)
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual((yield* handle.state).seconds, 65)
        assert.strictEqual(yield* handle.activation, "resumed")
      })
    )
  )

  it.effect("costs no tokens before it has come: the next is that of the page, and the one after it", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ssr = yield* rendered((request) => LiveSsr.mount(Ticker, {}, request))
        yield* TestClock.adjust("30 seconds")
        const serials: Array<unknown> = []
        const onFrame = (_from: string, frame: string) => {
          for (const [, payload = ""] of frame.matchAll(/"token":"v1\.[^.]+\.s\.([^.]+)/g)) {
            serials.push((JSON.parse(Buffer.from(payload, "base64url").toString()) as { serial: unknown }).serial)
          }
        }
        const page = yield* live.connect({ ssr: ssrOf(ssr), onFrame })
        yield* page.mount(Ticker, {})
        yield* TestClock.adjust("2 seconds")
        yield* page.settle
        assert.deepStrictEqual(serials.slice(0, 2), [1, 2])
      })
    )
  )

  it.effect("hears what was said since the page was rendered, once, and is there for others once", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "hall" })
        const bob = { props: { who: "Bob" }, room: "hall" }
        const ssr = yield* rendered((request) => LiveSsr.mount(RoomFixture, bob, request))
        yield* ada.call.Say({ words: "before" })
        const names = Effect.map(ada.view, ({ presence }) => presence.map(({ metadata }) => metadata.name).toSorted())
        assert.deepStrictEqual(yield* names, ["Ada", "Bob"])
        const statuses = Effect.map(ada.view, ({ presence }) => presence.map(({ status }) => status))
        assert.deepStrictEqual(yield* statuses, ["online", "away"])
        const page = yield* live.connect({ ssr: ssrOf(ssr) })
        const handle = yield* page.mount(RoomFixture, bob)
        yield* ada.call.Say({ words: "after" })
        assert.deepStrictEqual((yield* handle.state).heard, ["Ada: before", "Ada: after"])
        assert.deepStrictEqual((yield* handle.view).rooms, ["hall"])
        assert.deepStrictEqual(yield* statuses, ["online", "online"])
        assert.deepStrictEqual(yield* names, ["Ada", "Bob"])
        assert.deepStrictEqual((yield* handle.view).presence.map(({ metadata }) => metadata.name).toSorted(), [
          "Ada",
          "Bob"
        ])
      })
    )
  )

  it.effect("shares an instance with others as before, and two views of it are two mounts", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const own = yield* live.mount(Lab, { props, key: "shared" })
        const ssr = yield* rendered((request) =>
          Effect.all([1, 2].map(() => LiveSsr.mount(Lab, { props, key: "shared" }, request)))
        )
        yield* own.call.Add({ by: 1 })
        const page = yield* live.connect({ ssr: ssrOf(ssr) })
        const handles = [
          yield* page.mount(Lab, { props, key: "shared" }),
          yield* page.mount(Lab, { props, key: "shared" }),
          yield* page.mount(Lab, { props, key: "shared" })
        ]
        const [one] = handles
        yield* one?.call.Add({ by: 1 }) ?? Effect.void
        for (const handle of handles) assert.strictEqual((yield* handle.state).count, 5)
        assert.deepStrictEqual(yield* Effect.forEach(handles, ({ activation }) => activation), [
          "resumed",
          "resumed",
          "mounted"
        ])
        assert.strictEqual((yield* Gate).built, 1)
      })
    )
  )

  it.effect("mounts what was rendered with other props, another key or room, or is kept in the browser", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const page = yield* live.connect({ ssr: ssrOf(yield* lab) })
        const handles = [
          yield* page.mount(Lab, { props: { start: 4 } }),
          yield* page.mount(Lab, { props, key: "shared" }),
          yield* page.mount(Lab, { props, room: "hall" }),
          yield* page.mount(Lab, { props, cacheKey: "kept" })
        ]
        for (const { activation } of handles) assert.strictEqual(yield* activation, "mounted")
        const handle = yield* page.mount(Lab, { props })
        assert.strictEqual(yield* handle.activation, "resumed")
      })
    )
  )
})

describe("a view that comes after the connection", () => {
  it.effect("has all that has come meanwhile", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const own = yield* live.mount(Lab, { props, key: "shared" })
        const page = yield* live.connect({ ssr: ssrOf(yield* shared) })
        yield* page.settle
        yield* own.call.Add({ by: 1 })
        yield* own.call.Announce({ text: "hear!" })
        yield* TestClock.adjust("9 seconds")
        const replica = yield* page.mount(Lab, { props, key: "shared" })
        assert.strictEqual((yield* replica.state).count, 4)
        assert.strictEqual(yield* replica.activation, "resumed")
        yield* TestClock.adjust("1 minute")
        yield* own.call.Add({ by: 1 })
        assert.strictEqual((yield* replica.state).count, 5)
      })
    )
  )

  it.effect("hears what is said from then on, as any view", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const own = yield* live.mount(Lab, { props, key: "shared" })
        const page = yield* live.connect({ ssr: ssrOf(yield* shared) })
        yield* page.settle
        yield* own.call.Announce({ text: "hear!" })
        yield* page.settle
        const heard: Array<unknown> = []
        const replica = ReplicaOpener.of(page.client)(Lab, { props, key: "shared" })
        replica.listenToEvents((_, payload) => heard.push(payload))
        yield* page.settle
        yield* own.call.Announce({ text: "again!" })
        yield* page.settle
        assert.deepStrictEqual(heard, [{ text: "again!" }])
        replica.release()
      })
    )
  )

  it.effect("comes too late when it takes longer than a page to hydrate: what nobody has taken up is unmounted", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const page = yield* live.connect({ ssr: ssrOf(yield* lab) })
        yield* page.settle
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual((yield* live.open).instances, 1)
        yield* TestClock.adjust("2 seconds")
        yield* page.settle
        assert.strictEqual((yield* live.open).instances, 0)
        const handle = yield* page.mount(Lab, { props })
        assert.strictEqual(yield* handle.activation, "mounted")
      })
    )
  )

  it.effect("survives a connection that was lost before it came", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const page = yield* live.connect({ ssr: ssrOf(yield* lab) })
        yield* page.settle
        yield* page.disconnect
        yield* page.reconnect
        const handle = yield* page.mount(Lab, { props })
        assert.strictEqual(yield* handle.activation, "resumed")
        assert.strictEqual((yield* Gate).built, 1)
      })
    )
  )
})

describe("a page whose session is gone", () => {
  const losses = {
    "because it came after the linger": TestClock.adjust("46 seconds"),
    "with its server": Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.kill
      yield* live.start
    })
  }
  for (const [how, loss] of Object.entries(losses)) {
    it.effect(`${how} has the state that it was rendered with, and mounts from its token`, () =>
      fresh(
        Effect.gen(function* () {
          const live = yield* LiveTest
          const ssr = yield* rendered((request) => LiveSsr.mount(Ticker, {}, request))
          const [component] = ssr.components
          const state = { seconds: 30 }
          assert.strictEqual(component?.state["seconds"], 0)
          yield* loss
          const page = yield* live.connect({ ssr: ssrOf(ssr) })
          const handle = yield* page.mount(Ticker, {})
          assert.strictEqual(yield* handle.activation, "rehydrated")
          assert.strictEqual((yield* handle.view).componentId, component?.componentId)
          yield* TestClock.adjust("30 seconds")
          assert.deepStrictEqual(yield* handle.state, state)
        })
      )
    )
  }

  it.effect("mounts a shared instance anew, which has what it has by now", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const own = yield* live.mount(Lab, { props, key: "shared" })
        const ssr = yield* shared
        yield* TestClock.adjust("46 seconds")
        yield* own.call.Add({ by: 1 })
        const page = yield* live.connect({ ssr: ssrOf(ssr) })
        const handle = yield* page.mount(Lab, { props, key: "shared" })
        assert.strictEqual(yield* handle.activation, "mounted")
        assert.strictEqual((yield* handle.state).count, 4)
      })
    )
  )

  it.effect("is nobody else's: another principal mounts an instance of its own", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ssr = yield* lab
        const thief = yield* live.connect({ principal: "thief", ssr: ssrOf(ssr) })
        const handle = yield* thief.mount(Lab, { props })
        assert.strictEqual(yield* handle.activation, "mounted")
        assert.notStrictEqual((yield* handle.view).componentId, ssr.components[0]?.componentId)
      })
    )
  )

  it.effect("because another page has taken it up leaves that page as it is", () =>
    fresh(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ssr = yield* lab
        const first = yield* live.connect({ ssr: ssrOf(ssr) })
        const own = yield* first.mount(Lab, { props })
        yield* first.settle
        const second = yield* live.connect({ ssr: ssrOf(ssr) })
        const copy = yield* second.mount(Lab, { props })
        assert.notStrictEqual(yield* copy.activation, "resumed")
        assert.isTrue((yield* own.view).connected)
        assert.strictEqual(yield* own.call.Add({ by: 1 }), 4)
      })
    )
  )
})
