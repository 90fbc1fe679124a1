/** What comes for a component before the answer to its mount is kept, and not without bound. */
import { assert, describe, it } from "@effect/vitest"
import { type ComponentEvent, Router } from "../../src/client/Router.ts"

const event = (componentId: string, index: number): ComponentEvent => ({
  _tag: "Event",
  componentId: componentId as never,
  event: "Said",
  payload: index,
  index
})

/** A router none of whose listeners throws. */
const makeRouter = () => new Router((defect) => assert.fail(String(defect)))

/** Who keeps what it is told. */
const receiver = () => {
  const told: Array<ComponentEvent> = []
  return { told, event: (event: ComponentEvent) => void told.push(event) }
}

describe("events that come before the answer to a mount", () => {
  it("events that come before the answer to their mount wait for it in order, up to a thousand", () => {
    const router = makeRouter()
    const mounted = router.expectMount()
    const events = Array.from({ length: 2000 }, (_, index) => event(index % 2 === 0 ? "a" : "b", index))
    for (const event of events) router.event(event)
    const [a, b] = [receiver(), receiver()]
    router.route("a", a)
    router.route("b", b)
    const kept = events.slice(0, 1000)
    assert.deepStrictEqual(
      a.told,
      kept.filter((_, index) => index % 2 === 0)
    )
    assert.deepStrictEqual(
      b.told,
      kept.filter((_, index) => index % 2 === 1)
    )
    mounted()
    const later = event("a", 2000)
    router.event(later)
    assert.strictEqual(a.told.at(-1), later)
    assert.lengthOf(a.told, 501)
  })

  it("events are not kept when no mount is pending", () => {
    const router = makeRouter()
    router.event(event("a", 0))
    router.expectMount()
    const a = receiver()
    router.route("a", a)
    assert.deepStrictEqual(a.told, [])
  })
})

describe("one who wants to know of the connection", () => {
  it("a listener of the connection that throws is reported, and the others are called", () => {
    const reported: Array<unknown> = []
    const router = new Router((defect) => void reported.push(defect))
    const told: Array<string> = []
    const make = (name: string, connected: () => void) => ({
      connected,
      disconnected: () => void told.push(`${name} disconnected`),
      closed: () => void told.push(`${name} closed`),
      place: () => undefined
    })
    router.subscribe(
      make("first", () => {
        throw "thrown"
      })
    )
    const leave = router.subscribe(make("second", () => void told.push("second connected")))
    router.connected()
    router.disconnected()
    leave()
    router.close()
    assert.deepStrictEqual(reported, ["thrown"])
    assert.deepStrictEqual(told, ["second connected", "first disconnected", "second disconnected", "first closed"])
  })
})
