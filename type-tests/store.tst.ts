import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, type LiveError, Upload } from "fibra"
import { type CallResult, type ComponentStore, type LiveAction, type LiveComponent, LiveStore } from "fibra/store"
import * as Svelte from "fibra/svelte"
import * as Vue from "fibra/vue"
import { describe, expect, test } from "tstyche"

class Full extends Schema.TaggedError<Full>()("Full", { max: Schema.Int }) {}

const Add = Rpc.make("Add", { payload: { card: Schema.String }, success: Schema.Int, error: Full })
const SetTitle = Rpc.make("SetTitle", { payload: { title: Schema.String }, error: Full })

class Board extends Component.Service<Board>()("Board", {
  props: { title: Schema.String },
  state: { title: Schema.String, pinned: Schema.Boolean, cards: Schema.Array(Schema.String) },
  initial: ({ title }) => ({ title, pinned: false, cards: [] }),
  actions: [Add, SetTitle, Rpc.make("Rename", { payload: { title: Schema.String } })],
  events: { Added: Schema.Struct({ card: Schema.String }) },
  writable: ["pinned"],
  uploads: { photo: Upload.policy({ maxFileSize: "1 MB", accept: ["image/png"] }) }
}) {}

class Retro extends Component.Service<Retro>()("Retro", {
  placement: "shared",
  state: { cards: Schema.Array(Schema.String) },
  initial: () => ({ cards: [] })
}) {}

const props = { title: "a" }
const page = LiveStore.connect()
const board = page.component(Board, { props })

describe("a component store", () => {
  test("wants what the contract wants", () => {
    expect(board).type.toBe<ComponentStore<typeof Board>>()
    expect(page.component).type.not.toBeCallableWith(Board)
    expect(page.component).type.not.toBeCallableWith(Board, {})
    expect(page.component).type.not.toBeCallableWith(Retro)
    expect(page.component).type.not.toBeCallableWith(Retro, { room: "r" })
    expect(page.component(Retro, { key: "k" })).type.toBe<ComponentStore<typeof Retro>>()
  })

  test("has the types of the contract", () => {
    expect(board.getSnapshot()).type.toBe<LiveComponent<typeof Board>>()
    expect(board.getSnapshot().state.cards).type.toBe<ReadonlyArray<string>>()
    expect(board.call.Add({ card: "c" })).type.toBe<Promise<CallResult<number, Full | LiveError.LiveError>>>()
    expect(board.call.Add).type.not.toBeCallableWith({})
    expect(board.on).type.toBeCallableWith("Added", (event: { readonly card: string }) => event)
    expect(board.on).type.not.toBeCallableWith("Removed", () => {})
    expect(board.upload).type.not.toBeCallableWith("film")
  })

  test("has actions and fields of the contract, and no others", () => {
    expect(board.action("Add").getSnapshot()).type.toBe<LiveAction<typeof Add>>()
    expect(board.action("Add").getSnapshot().error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(board.action).type.not.toBeCallableWith("Remove")
    expect(board.field("title").getSnapshot().value).type.toBe<string>()
    expect(board.field("title").getSnapshot().error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(board.field("title", { action: "Rename" }).getSnapshot().error).type.toBe<LiveError.LiveError | undefined>()
    expect(board.field("pinned").getSnapshot().value).type.toBe<boolean>()
    expect(board.field("pinned").getSnapshot().error).type.toBe<LiveError.LiveError | undefined>()
    expect(board.set("pinned", true)).type.toBe<Promise<CallResult<void, LiveError.LiveError>>>()
    expect(board.set).type.not.toBeCallableWith("title", "a")
    expect(board.field).type.not.toBeCallableWith("cards")
    expect(board.field).type.not.toBeCallableWith("title", { action: "Add" })
  })
})

describe("the bindings", () => {
  test("have the types of the contract", () => {
    for (const { useAction, useComponent, useEvent, useUpload } of [Vue, Svelte]) {
      const board = useComponent(Board, { props })
      expect(board).type.toBe<LiveComponent<typeof Board>>()
      expect(useComponent).type.not.toBeCallableWith(Board)
      expect(useComponent).type.not.toBeCallableWith(Retro)
      expect(useAction(board, "Add")).type.toBe<LiveAction<typeof Add>>()
      expect(useAction).type.not.toBeCallableWith(board, "Remove")
      expect(useEvent).type.not.toBeCallableWith(board, "Removed", () => {})
      expect(useUpload).type.not.toBeCallableWith(board, "film")
    }
  })

  test("have fields for the elements of their framework", () => {
    const vue = Vue.useField(Vue.useComponent(Board, { props }), "title")
    const svelte = Svelte.useField(Svelte.useComponent(Board, { props }), "title", { action: "Rename" })
    expect(vue.value).type.toBe<string>()
    expect(vue.error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(vue.input).type.toHaveProperty("onInput")
    expect(svelte.error).type.toBe<LiveError.LiveError | undefined>()
    expect(svelte.input).type.toHaveProperty("oninput")
    expect(Vue.useField(Vue.useComponent(Board, { props }), "pinned").value).type.toBe<boolean>()
    expect(Svelte.useField).type.not.toBeCallableWith(Svelte.useComponent(Board, { props }), "cards")
  })
})
