import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import { Chat, History } from "../../examples/chat/Chat.ts"
import { ChatLayer } from "../../examples/chat/ChatLayer.ts"
import { HistoryLayer } from "../../examples/chat/HistoryLayer.ts"

const test = LiveTest.layer({ components: [Chat, History] }).pipe(Layer.provide([ChatLayer, HistoryLayer]))

/** Somebody in a room, with a client of their own. */
const enter = Effect.fnUntraced(function* (name: string, room: string, principal?: string) {
  const live = yield* LiveTest
  const client = yield* live.connect(principal === undefined ? {} : { principal })
  const chat = yield* client.mount(Chat, { props: { name }, room })
  const history = yield* client.mount(History, { key: room })
  return {
    ...client,
    chat,
    texts: Effect.map(history.state, ({ messages }) => messages.map(({ name, text }) => `${name}: ${text}`)),
    people: Effect.andThen(
      client.settle,
      Effect.map(chat.presence, (people) =>
        people.map(({ clients, metadata, status }) =>
          [metadata.name, status, ...(metadata.typing ? ["typing"] : []), ...(clients > 1 ? [clients] : [])].join(" ")
        )
      )
    )
  }
})

layer(test)("the chat", (it) => {
  it.effect("a message reaches everyone in the room, and nobody in another", () =>
    Effect.gen(function* () {
      const [ada, bob, eve] = [yield* enter("Ada", "one"), yield* enter("Bob", "one"), yield* enter("Eve", "two")]
      const heard = yield* Effect.forEach([ada, bob], ({ chat }) =>
        chat.events("Said").pipe(Stream.take(2), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      )
      yield* ada.chat.call.Say({ text: "hello" })
      yield* eve.chat.call.Say({ text: "nobody here" })
      yield* bob.chat.call.Say({ text: "hi" })
      for (const fiber of heard) {
        const said = yield* Fiber.join(fiber)
        assert.deepStrictEqual(
          said.map(({ name, text }) => [name, text]),
          [
            ["Ada", "hello"],
            ["Bob", "hi"]
          ]
        )
      }
      assert.deepStrictEqual(yield* ada.texts, ["Ada: hello", "Bob: hi"])
      assert.deepStrictEqual(yield* eve.texts, ["Eve: nobody here"])
    }).pipe(Effect.scoped)
  )

  it.effect("a later visitor finds the messages, also when everyone had left", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* Effect.scoped(Effect.flatMap(enter("Ada", "kept"), ({ chat }) => chat.call.Say({ text: "note this" })))
      yield* TestClock.adjust("2 hours")
      yield* live.settle
      const bob = yield* enter("Bob", "kept")
      assert.deepStrictEqual(yield* bob.texts, ["Ada: note this"])
      // The room is heard again, by the instance that was made anew.
      yield* bob.chat.call.Say({ text: "noted" })
      assert.deepStrictEqual(yield* bob.texts, ["Ada: note this", "Bob: noted"])
    }).pipe(Effect.scoped)
  )

  it.effect("a chat keeps the last hundred messages", () =>
    Effect.gen(function* () {
      const ada = yield* enter("Ada", "long")
      yield* Effect.forEach(Array.from({ length: 103 }), (_, index) => ada.chat.call.Say({ text: `${index}` }))
      const texts = yield* ada.texts
      assert.lengthOf(texts, 100)
      assert.deepStrictEqual([texts[0], texts.at(-1)], ["Ada: 3", "Ada: 102"])
    }).pipe(Effect.scoped)
  )

  it.effect("a chat shows who is here, who has lost the connection, and who has left", () =>
    Effect.gen(function* () {
      const ada = yield* enter("Ada", "door")
      const changes = yield* ada.chat.presenceEvents.pipe(
        Stream.map(({ _tag, person }) => `${_tag} ${person.metadata.name} ${person.status}`),
        Stream.take(3),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const bob = yield* enter("Bob", "door")
      assert.deepStrictEqual(yield* ada.people, ["Ada online", "Bob online"])
      assert.deepStrictEqual(yield* bob.people, ["Ada online", "Bob online"])
      yield* bob.disconnect
      assert.deepStrictEqual(yield* ada.people, ["Ada online", "Bob away"])
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(yield* ada.people, ["Ada online"])
      assert.deepStrictEqual(yield* Fiber.join(changes), ["Joined Bob online", "Updated Bob away", "Left Bob away"])
    }).pipe(Effect.scoped)
  )

  it.effect("somebody who leaves the room is gone at once", () =>
    Effect.gen(function* () {
      const ada = yield* enter("Ada", "exit")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* enter("Bob", "exit")
          assert.deepStrictEqual(yield* ada.people, ["Ada online", "Bob online"])
        })
      )
      assert.deepStrictEqual(yield* ada.people, ["Ada online"])
    }).pipe(Effect.scoped)
  )

  it.effect("two pages of one person are one person", () =>
    Effect.gen(function* () {
      const ada = yield* enter("Ada", "pages", "ada")
      const again = yield* enter("Ada", "pages", "ada")
      assert.deepStrictEqual(yield* ada.people, ["Ada online 2"])
      yield* again.disconnect
      assert.match((yield* ada.people)[0] ?? "", /^Ada online/)
    }).pipe(Effect.scoped)
  )

  it.effect("somebody who types is shown until they have said it, deleted it, or stopped", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* enter("Ada", "typing"), yield* enter("Bob", "typing")]
      const typing = Effect.map(ada.people, (people) => people.includes("Bob online typing"))
      yield* bob.chat.call.Typing({ typing: true })
      assert.isTrue(yield* typing)
      yield* bob.chat.call.Say({ text: "there" })
      assert.isFalse(yield* typing)
      yield* bob.chat.call.Typing({ typing: true })
      yield* bob.chat.call.Typing({ typing: false })
      assert.isFalse(yield* typing)
      yield* bob.chat.call.Typing({ typing: true })
      yield* TestClock.adjust("4 seconds")
      yield* bob.chat.call.Typing({ typing: true })
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(yield* typing)
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* typing)
    }).pipe(Effect.scoped)
  )

  it.effect("somebody who was away gets the messages of that time, once and in order", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* enter("Ada", "away"), yield* enter("Bob", "away")]
      const heard = yield* bob.chat
        .events("Said")
        .pipe(Stream.take(3), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      yield* ada.chat.call.Say({ text: "1" })
      yield* bob.disconnect
      yield* ada.chat.call.Say({ text: "2" })
      yield* TestClock.adjust("10 seconds")
      yield* ada.chat.call.Say({ text: "3" })
      yield* bob.reconnect
      assert.deepStrictEqual(
        (yield* Fiber.join(heard)).map(({ text }) => text),
        ["1", "2", "3"]
      )
      assert.deepStrictEqual(yield* bob.texts, ["Ada: 1", "Ada: 2", "Ada: 3"])
      assert.strictEqual(yield* bob.chat.eventsDropped, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("the server trims names, and refuses names that are invisible or too long", () =>
    Effect.gen(function* () {
      /** The contract of a client that checks nothing. */
      class Careless extends Component.Service<Careless>()("Chat", {
        props: { name: Schema.String },
        state: {},
        initial: () => ({}),
        presence: {
          metadata: { name: Schema.String, typing: Schema.Boolean },
          initial: ({ name }) => ({ name, typing: false })
        }
      }) {}
      const live = yield* LiveTest
      const mount = (name: string) => live.mount(Careless, { props: { name }, room: "names" })
      const chat = yield* mount("  Ada Lovelace\n")
      yield* live.settle
      assert.deepStrictEqual(
        (yield* chat.presence).map(({ metadata }) => metadata.name),
        ["Ada Lovelace"]
      )
      for (const name of ["", "   ", "a".repeat(33), "a\u200Bb", "\u3164", "a\nb", "\u202Eada"]) {
        const error = yield* Effect.flip(mount(name))
        assert.strictEqual(error.reason._tag, "PropsRejected", JSON.stringify(name))
      }
      yield* mount("𝔄".repeat(32))
    }).pipe(Effect.scoped)
  )
})
