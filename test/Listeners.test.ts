/** Who is told of what, in which order, whatever the listeners do meanwhile. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Listeners } from "../src/Listeners.ts"

/** Listeners, and what was reported of them. */
const make = <A>() => {
  const reported: Array<unknown> = []
  return { reported, listeners: new Listeners<A>((defect) => void reported.push(defect)) }
}

it("a listener that throws is reported, and disturbs neither the other listeners nor the caller of tell", () => {
  const { listeners, reported } = make<string>()
  const heard: Array<string> = []
  listeners.add(() => {
    throw "first"
  })
  listeners.add((value) => void heard.push(value))
  listeners.add(() => {
    throw "third"
  })
  listeners.tell("a")
  listeners.tell("b")
  assert.deepStrictEqual(heard, ["a", "b"])
  assert.deepStrictEqual(reported, ["first", "third", "first", "third"])
})

it("a listener that is added during a call gets the next value", () => {
  const { listeners } = make<string>()
  const heard: Array<string> = []
  const stop = listeners.add(() => {
    stop()
    listeners.add((value) => void heard.push(value))
  })
  listeners.tell("before")
  listeners.tell("after")
  assert.deepStrictEqual(heard, ["after"])
})

it("a listener that is removed during a call is not called any more", () => {
  const { listeners } = make<string>()
  const heard: Array<string> = []
  listeners.add(() => removeSecond())
  const removeSecond = listeners.add((value) => void heard.push(`second ${value}`))
  listeners.add((value) => void heard.push(`third ${value}`))
  listeners.tell("a")
  assert.deepStrictEqual(heard, ["third a"])
})

it("a value that a listener tells reaches all listeners after the present one", () => {
  const { listeners } = make<number>()
  const heard: Array<string> = []
  listeners.add((value) => {
    heard.push(`first ${value}`)
    if (value < 2) listeners.tell(value + 1)
    heard.push(`told ${value}`)
  })
  listeners.add((value) => void heard.push(`second ${value}`))
  listeners.tell(0)
  assert.deepStrictEqual(heard, [
    "first 0",
    "told 0",
    "second 0",
    "first 1",
    "told 1",
    "second 1",
    "first 2",
    "told 2",
    "second 2"
  ])
})

it("a function that was added twice is called twice, and removed once for each time", () => {
  const { listeners } = make<string>()
  const heard: Array<string> = []
  const listener = (value: string) => void heard.push(value)
  const stop = listeners.add(listener)
  listeners.add(listener)
  listeners.tell("both")
  stop()
  stop()
  listeners.tell("one")
  assert.deepStrictEqual(heard, ["both", "both", "one"])
  assert.strictEqual(listeners.size, 1)
})

/** What the listener of a number does when it hears a value, once. */
const Deed = Schema.Struct({
  listener: Schema.Literals([0, 1, 2, 3]),
  value: Schema.Literals([0, 1, 2]),
  does: Schema.Literals(["add", "remove", "tell", "throw"])
})

it.effect.prop(
  "every listener gets all values between its addition and its removal, in order",
  [Schema.Array(Deed).check(Schema.isMaxLength(8))],
  ([deeds]) =>
    Effect.sync(() => {
      const { listeners, reported } = make<number>()
      const told: Array<number> = []
      /** What each heard, from which count of told things on, and up to which. */
      const lives: Array<{ from: number; heard: Array<number>; remove: () => void; isRemoved: boolean }> = []
      let thrown = 0
      const waiting = new Set(deeds)
      const tell = (value: number) => {
        told.push(value)
        listeners.tell(value)
      }
      const add = () => {
        const number = lives.length
        const life = { from: told.length, heard: [] as Array<number>, remove: () => {}, isRemoved: false }
        const stop = listeners.add((value) => {
          assert.isFalse(life.isRemoved, "was told after it had left")
          life.heard.push(value)
          for (const deed of waiting) {
            if (deed.listener !== number || deed.value !== value) continue
            waiting.delete(deed)
            if (deed.does === "add") add()
            else if (deed.does === "remove") lives[(number + 1) % lives.length]?.remove()
            else if (deed.does === "tell") tell((value + 1) % 3)
            else {
              thrown++
              throw deed
            }
          }
        })
        life.remove = () => {
          life.isRemoved = true
          stop()
        }
        lives.push(life)
      }
      add()
      add()
      for (const value of [0, 1, 2, 0]) tell(value)
      assert.lengthOf(reported, thrown)
      for (const { from, heard, isRemoved } of lives) {
        const expected = told.slice(from)
        assert.deepStrictEqual(heard, isRemoved ? expected.slice(0, heard.length) : expected)
      }
    })
)
