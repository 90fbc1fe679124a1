// @vitest-environment happy-dom
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Latch, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { type FieldCommit, type LiveComponent, type LiveFieldOf, useComponent, useField } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { onPageOf, Page } from "../support/page.tsx"

class Refused extends Schema.TaggedError<Refused>()("Refused", { title: Schema.String }) {}

class Note extends Component.Service<Note>()("Note", {
  state: { title: Schema.String, stars: Schema.Int, heard: Schema.Array(Schema.String) },
  initial: () => ({ title: "", stars: 0, heard: [] }),
  actions: [
    Rpc.make("SetTitle", { payload: { title: Schema.String }, error: Refused }),
    Rpc.make("Rate", { payload: { stars: Schema.Int } })
  ],
  writable: ["stars", "title"]
}) {}

/** Calls wait while it is closed. */
const gate = Latch.makeUnsafe(true)

const NoteLayer = Note.toLayer(
  Effect.gen(function* () {
    const self = yield* Note
    return Note.of({
      SetTitle: Effect.fnUntraced(function* ({ title }) {
        yield* gate.await
        yield* self.update((note) => ({ ...note, heard: [...note.heard, title] }))
        if (title === "bad") return yield* new Refused({ title })
        yield* self.update((note) => ({ ...note, title: title.trim() }))
      }),
      Rate: ({ stars }) => Effect.asVoid(self.update((note) => ({ ...note, stars })))
    })
  })
)

const server = LiveTest.layer({ components: [Note] }).pipe(Layer.provide(NoteLayer))

const onNotes = <A, E>(test: Effect.Effect<A, E, Page | LiveTest>) =>
  Effect.scoped(onPageOf(server, Effect.ensuring(test, gate.open)))

const make = (when: FieldCommit = {}) => {
  const seen = { drawn: 0 } as {
    note: LiveComponent<typeof Note>
    title: LiveFieldOf<typeof Note, "title", "SetTitle">
    stars: LiveFieldOf<typeof Note, "stars", "Rate">
    drawn: number
  }
  const View = ({ name = "one" }: { readonly name?: string }) => {
    const note = useComponent(Note, { key: name })
    Object.assign(seen, {
      note,
      title: useField(note, "title", when),
      stars: useField(note, "stars", { ...when, action: "Rate" }),
      drawn: seen.drawn + 1
    })
    return <p>{note.state.title}</p>
  }
  return { seen, View }
}

/** Another page changes the title. */
const elsewhere = (title: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const live = yield* LiveTest
      const note = yield* live.mount(Note, { key: "one" })
      yield* note.call.SetTitle({ title })
      yield* live.settle
    })
  )

describe("useField", () => {
  it.effect("a field that is writable needs no action: it is set, and what the server refuses stays a draft", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const seen = {} as { stars: LiveFieldOf<typeof Note, "stars", "set stars">; note: LiveComponent<typeof Note> }
        const View = () => {
          const note = useComponent(Note, { key: "one" })
          Object.assign(seen, { note, stars: useField(note, "stars", { commit: "manual" }) })
          return null
        }
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.stars.setValue(3)))
        assert.deepInclude(seen.stars, { value: 3, isDirty: true })
        assert.isTrue(yield* drawn(Effect.promise(() => seen.stars.commit())))
        assert.deepInclude(seen.stars, { value: 3, isDirty: false, error: undefined })
        assert.strictEqual(seen.note.state.stars, 3)
        yield* drawn(Effect.sync(() => seen.stars.setValue(0.5)))
        assert.isFalse(yield* drawn(Effect.promise(() => seen.stars.commit())))
        assert.deepInclude(seen.stars, { value: 0.5, isDirty: true })
        assert.strictEqual(seen.stars.error?.reason._tag, "PayloadRejected")
        // By itself, too, with a result that is never rejected.
        assert.deepInclude(yield* drawn(Effect.promise(() => seen.note.set("stars", 4))), { ok: true })
        assert.strictEqual(seen.note.state.stars, 4)
        assert.deepInclude(yield* drawn(Effect.promise(() => seen.note.set("stars", 0.5))), { ok: false })
        assert.strictEqual(seen.note.error?._tag, "LiveError")
      })
    )
  )

  it.effect("a field shows the server's value, and what is typed until the server has it", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make()
        yield* render(<View />)
        assert.deepInclude(seen.title, { value: "", isDirty: false, pending: false, error: undefined })
        yield* drawn(elsewhere("first"))
        assert.deepInclude(seen.title, { value: "first", isDirty: false })
        yield* drawn(Effect.sync(() => seen.title.setValue("second ")))
        assert.deepInclude(seen.title, { value: "second ", isDirty: true, pending: false })
        yield* drawn(TestClock.adjust("250 millis"))
        // The server has trimmed it.
        assert.deepInclude(seen.title, { value: "second", isDirty: false, pending: false })
      })
    )
  )

  it.effect("a field that is typed into is committed when nothing was typed for a while, once", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ debounce: "1 second" })
        yield* render(<View />)
        for (const text of ["h", "he", "hey"]) {
          yield* drawn(Effect.sync(() => seen.title.setValue(text)))
          yield* drawn(TestClock.adjust("900 millis"))
        }
        assert.deepStrictEqual(seen.note.state.heard, [])
        yield* drawn(TestClock.adjust("100 millis"))
        assert.deepStrictEqual(seen.note.state.heard, ["hey"])
        // Leaving it does not wait.
        yield* drawn(Effect.sync(() => seen.title.setValue("hello")))
        yield* drawn(Effect.sync(() => seen.title.input.onBlur()))
        yield* drawn(TestClock.adjust("1 minute"))
        assert.deepStrictEqual(seen.note.state.heard, ["hey", "hello"])
      })
    )
  )

  it.effect(
    "a text that is kept is there again after a reload, is committed again, and goes when the server has it",
    () =>
      onNotes(
        Effect.gen(function* () {
          const { drawn, render } = yield* Page
          const first = make({ keep: "note" })
          yield* render(<first.View />)
          yield* drawn(Effect.sync(() => first.seen.title.setValue("bad")))
          yield* drawn(TestClock.adjust("250 millis"))
          assert.instanceOf(first.seen.title.error, Refused)
          // Another page of the same tab, as after a reload.
          const second = make({ keep: "note" })
          yield* render(<second.View />)
          assert.deepInclude(second.seen.title, { value: "bad", isDirty: true })
          yield* drawn(TestClock.adjust("250 millis"))
          assert.instanceOf(second.seen.title.error, Refused)
          yield* drawn(Effect.sync(() => second.seen.title.setValue("good")))
          yield* drawn(TestClock.adjust("250 millis"))
          assert.deepInclude(second.seen.title, { value: "good", isDirty: false })
          const third = make({ keep: "note" })
          yield* render(<third.View name="two" />)
          assert.deepInclude(third.seen.title, { value: "", isDirty: false })
          assert.deepStrictEqual(Object.keys(sessionStorage), [])
        })
      )
  )

  it.effect("a text is kept under its name, for its instance alone, and not where there is no room", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const first = make({ keep: "note", commit: "manual" })
        yield* render(<first.View />)
        yield* drawn(Effect.sync(() => first.seen.title.setValue("typed")))
        yield* drawn(Effect.sync(() => first.seen.stars.setValue(3)))
        const other = make({ keep: "another", commit: "manual" })
        yield* render(<other.View />)
        assert.deepInclude(other.seen.title, { value: "", isDirty: false })
        // The same name in another instance.
        const elsewhere = make({ keep: "note", commit: "manual" })
        yield* render(<elsewhere.View name="two" />)
        assert.deepInclude(elsewhere.seen.title, { value: "", isDirty: false })
        yield* drawn(Effect.sync(() => elsewhere.seen.title.setValue("of two")))
        assert.deepStrictEqual(
          Object.entries({ ...sessionStorage })
            .map(([entry, text]) => [decodeURIComponent(entry), text])
            .sort(),
          [
            ["fibra/draft/Note/one////note/title", "typed"],
            ["fibra/draft/Note/two////note/title", "of two"]
          ]
        )
        yield* drawn(Effect.sync(() => elsewhere.seen.title.reset()))
        const again = make({ keep: "note", commit: "manual" })
        yield* render(<again.View />)
        assert.deepInclude(again.seen.title, { value: "typed", isDirty: true })
        // Only texts are kept: of anything else it is not known whether it is what the page expects by now.
        assert.deepInclude(again.seen.stars, { value: 0, isDirty: false })
        yield* drawn(Effect.sync(() => again.seen.title.reset()))
        assert.deepStrictEqual(Object.keys(sessionStorage), [])
        const full = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
          throw new DOMException("The quota has been exceeded", "QuotaExceededError")
        })
        yield* drawn(Effect.sync(() => again.seen.title.setValue("more")))
        full.mockRestore()
        assert.deepInclude(again.seen.title, { value: "more", isDirty: true })
      })
    )
  )

  it.effect("a field with blur is committed when it is left, and one with manual when somebody says so", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const blur = make({ commit: "blur" })
        const manual = make({ commit: "manual" })
        yield* render(<blur.View />)
        yield* drawn(Effect.sync(() => blur.seen.title.input.onChange({ currentTarget: { value: "left" } })))
        yield* drawn(TestClock.adjust("1 minute"))
        assert.deepInclude(blur.seen.title, { value: "left", isDirty: true })
        yield* drawn(Effect.sync(() => blur.seen.title.input.onBlur()))
        assert.deepInclude(blur.seen.title, { value: "left", isDirty: false })
        yield* render(<manual.View />)
        yield* drawn(Effect.sync(() => manual.seen.stars.setValue(5)))
        yield* drawn(Effect.sync(() => manual.seen.stars.input.onBlur()))
        yield* drawn(TestClock.adjust("1 minute"))
        assert.deepInclude(manual.seen.stars, { value: 5, isDirty: true })
        assert.strictEqual(manual.seen.note.state.stars, 0)
        assert.isTrue(yield* drawn(Effect.promise(() => manual.seen.stars.commit())))
        assert.deepInclude(manual.seen.stars, { value: 5, isDirty: false })
        assert.isTrue(yield* drawn(Effect.promise(() => manual.seen.stars.commit())))
      })
    )
  )

  it.effect("a draft is not overwritten by what the server sends, and gives way when it is reset", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ commit: "manual" })
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.title.setValue("mine")))
        yield* drawn(elsewhere("theirs"))
        assert.strictEqual(seen.note.state.title, "theirs")
        assert.deepInclude(seen.title, { value: "mine", isDirty: true })
        yield* drawn(Effect.sync(() => seen.title.reset()))
        assert.deepInclude(seen.title, { value: "theirs", isDirty: false })
      })
    )
  )

  it.effect("a draft that is what the server has by now is none, and the server's next value is shown", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ commit: "manual" })
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.title.setValue("same")))
        yield* drawn(elsewhere("same"))
        assert.deepInclude(seen.title, { value: "same", isDirty: false })
        yield* drawn(elsewhere("next"))
        assert.deepInclude(seen.title, { value: "next", isDirty: false })
        yield* drawn(Effect.sync(() => seen.title.setValue("typed")))
        yield* drawn(Effect.sync(() => seen.title.setValue("next")))
        yield* drawn(elsewhere("last"))
        assert.deepInclude(seen.title, { value: "last", isDirty: false })
      })
    )
  )

  it.effect("a draft survives a lost connection, and an instance that is mounted anew after the server was lost", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { seen, View } = make({ commit: "manual" })
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.title.setValue("draft")))
        yield* drawn(live.disconnect)
        assert.deepInclude(seen.title, { value: "draft", isDirty: true })
        yield* drawn(live.reconnect)
        assert.deepInclude(seen.title, { value: "draft", isDirty: true })
        yield* drawn(live.kill)
        yield* drawn(Effect.andThen(live.start, live.reconnect))
        assert.deepInclude(seen.note, { connected: true, activation: "mounted" })
        assert.deepInclude(seen.title, { value: "draft", isDirty: true })
        assert.isTrue(yield* drawn(Effect.promise(() => seen.title.commit())))
        assert.strictEqual(seen.note.state.title, "draft")
      })
    )
  )

  it.effect("a draft that the server refuses stays, with the error of its action, until one is taken", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ commit: "manual" })
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.title.setValue("bad")))
        assert.isFalse(yield* drawn(Effect.promise(() => seen.title.commit())))
        assert.deepInclude(seen.title, { value: "bad", isDirty: true, pending: false })
        assert.strictEqual(seen.title.error?._tag, "Refused")
        assert.isUndefined(seen.note.error)
        assert.isUndefined(seen.stars.error)
        yield* drawn(Effect.sync(() => seen.title.setValue("better")))
        assert.strictEqual(seen.title.error?._tag, "Refused")
        assert.isTrue(yield* drawn(Effect.promise(() => seen.title.commit())))
        assert.strictEqual(seen.title.error, undefined)
      })
    )
  )

  it.effect("one commit is under way at a time, and what was typed meanwhile follows, in its last form", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ debounce: 0 })
        yield* render(<View />)
        yield* gate.close
        for (const text of ["a", "ab", "abc"]) {
          yield* drawn(Effect.sync(() => seen.title.setValue(text)))
          yield* drawn(TestClock.adjust(1))
        }
        assert.deepInclude(seen.title, { value: "abc", isDirty: true, pending: true })
        yield* drawn(gate.open)
        yield* drawn(Effect.void)
        assert.deepStrictEqual(seen.note.state.heard, ["a", "abc"])
        assert.deepInclude(seen.title, { value: "abc", isDirty: false, pending: false })
      })
    )
  )

  it.effect("a view that is left commits what it was about to, and nothing that waits for its user", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const typed = make({ debounce: "1 hour" })
        yield* render(<typed.View />)
        yield* drawn(Effect.sync(() => typed.seen.title.setValue("goodbye")))
        const { drawn: times } = typed.seen
        yield* render(null)
        assert.strictEqual(typed.seen.drawn, times)
        const manual = make({ commit: "manual" })
        yield* render(<manual.View />)
        assert.strictEqual(manual.seen.title.value, "goodbye")
        yield* drawn(Effect.sync(() => manual.seen.title.setValue("not yet")))
        yield* render(null)
        yield* render(<manual.View />)
        assert.deepInclude(manual.seen.title, { value: "goodbye", isDirty: false })
      })
    )
  )

  it.effect("a draft does not follow its view to another component", () =>
    onNotes(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = make({ commit: "manual" })
        yield* render(<View />)
        yield* drawn(Effect.sync(() => seen.title.setValue("of one")))
        yield* render(<View name="two" />)
        assert.deepInclude(seen.title, { value: "", isDirty: false })
      })
    )
  )
})
