import { DateTime, type Exit, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, type LiveError, type Presence, Upload } from "fibra"
import type { LiveHandle } from "fibra/client"
import {
  type CallResult,
  type ComponentStatus,
  type LiveComponent,
  LiveStatus,
  useAction,
  useComponent,
  useEvent,
  useField,
  usePresence,
  useUpload,
  type ViewUploads
} from "fibra/react"
import { describe, expect, test } from "tstyche"

class Full extends Schema.TaggedError<Full>()("Full", { max: Schema.Int }) {}

class Board extends Component.Service<Board>()("Board", {
  props: { title: Schema.String },
  state: { cards: Schema.Array(Schema.String) },
  initial: ({ title }) => ({ cards: [title] }),
  actions: [Rpc.make("Add", { payload: { card: Schema.String }, success: Schema.Int, error: Full }), Rpc.make("Close")],
  events: { Added: Schema.Struct({ card: Schema.String }) },
  presence: { metadata: { name: Schema.String }, initial: ({ title }) => ({ name: title }) }
}) {}

class Plain extends Component.Service<Plain>()("Plain", {
  state: { seconds: Schema.Int },
  initial: () => ({ seconds: 0 })
}) {}

describe("useComponent", () => {
  const props = { title: "a" }

  test("wants the props of the contract, and nothing when it has none", () => {
    expect(useComponent(Board, { props })).type.toBe<LiveComponent<typeof Board>>()
    expect(useComponent(Board, { props, key: "k" })).type.toBe<LiveComponent<typeof Board>>()
    expect(useComponent(Board, { props, cacheKey: "c" })).type.toBe<LiveComponent<typeof Board>>()
    expect(useComponent(Board, { props, room: "r" })).type.toBe<LiveComponent<typeof Board>>()
    expect(useComponent(Plain)).type.toBe<LiveComponent<typeof Plain>>()
    expect(useComponent(Plain, { room: "r" })).type.toBe<LiveComponent<typeof Plain>>()
    expect(useComponent(Plain, { cacheKey: "c", whenNewer: "wait" })).type.toBe<LiveComponent<typeof Plain>>()
    expect(useComponent).type.not.toBeCallableWith(Board)
    expect(useComponent).type.not.toBeCallableWith(Board, {})
    expect(useComponent).type.not.toBeCallableWith(Board, { props: { title: 1 } })
    expect(useComponent).type.not.toBeCallableWith(Board, { props, key: "shared", room: "of a private one" })
  })

  test("with a selector it gives what that gives", () => {
    expect(useComponent(Board, { props }, ({ cards }) => cards.length)).type.toBe<number>()
    expect(useComponent(Board, { props }, (_, { status }) => ({ status }))).type.toBe<{ status: ComponentStatus }>()
    expect(useComponent(Plain, {}, (state) => state.seconds)).type.toBe<number>()
    expect(useComponent).type.not.toBeCallableWith(Board, { props }, "cards")
    expect(useComponent).type.not.toBeCallableWith(Board, {}, () => 1)
  })

  test("takes how to mount, and who is told of what happens", () => {
    const board = useComponent(Board, {
      props,
      userId: "ada",
      autoMount: false,
      fallbackToLocal: true,
      debug: true,
      onConnect: ({ status }) => expect(status).type.toBe<ComponentStatus>(),
      onMount: ({ state }) => expect(state.cards).type.toBe<ReadonlyArray<string>>(),
      onRehydrate: ({ componentId }) => expect(componentId).type.toBeAssignableTo<string | undefined>(),
      onDisconnect: () => {},
      onError: (error) => expect(error).type.toBe<Full | LiveError.LiveError>(),
      onStateChange: (state, before) => {
        expect(state).type.toBe<{ readonly cards: ReadonlyArray<string> }>()
        expect(before).type.toBe<{ readonly cards: ReadonlyArray<string> }>()
      }
    })
    expect(board).type.toBe<LiveComponent<typeof Board>>()
    expect(board.loading).type.toBe<boolean>()
    expect(board.mount).type.toBe<() => void>()
    expect(useComponent).type.not.toBeCallableWith(Board, { props, autoMount: "later" })
    expect(useComponent).type.not.toBeCallableWith(Board, { props, onMounted: () => {} })
  })

  test("gives the state of the contract, and what may have gone wrong", () => {
    const board = useComponent(Board, { props })
    expect(board.state).type.toBe<{ readonly cards: ReadonlyArray<string> }>()
    expect(board.error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(useComponent(Plain).error).type.toBe<LiveError.LiveError | undefined>()
  })

  test("says what its life is like, and how it came to its state", () => {
    const board = useComponent(Board, { props })
    expect(board.status).type.toBe<
      | "connecting"
      | "mounting"
      | "synced"
      | "reconnecting"
      | "loading"
      | "disconnected"
      | "error"
      | "restarting"
      | "faulted"
      | "stopped"
      | "outdated"
      | "unauthorized"
    >()
    expect(board.activation).type.toBe<"resumed" | "rehydrated" | "mounted" | undefined>()
  })

  test("calls give a promise of a plain result, with the action's own error or the house's", () => {
    const { call } = useComponent(Board, { props })
    expect(call.Add({ card: "a" })).type.toBe<Promise<CallResult<number, Full | LiveError.LiveError>>>()
    expect(call.Close()).type.toBe<Promise<CallResult<void, LiveError.LiveError>>>()
    expect(call.Add).type.not.toBeCallableWith({ card: 1 })
    expect(call.Add).type.not.toBeCallableWith()
    expect(call).type.not.toHaveProperty("Remove")
  })

  test("a result is narrowed by `ok`, and is an exit, too", async () => {
    const { call } = useComponent(Board, { props })
    const added = await call.Add({ card: "a" })
    expect(added.exit).type.toBe<Exit.Exit<number, Full | LiveError.LiveError>>()
    expect(added).type.not.toHaveProperty("value")
    if (added.ok) expect(added.value).type.toBe<number>()
    else expect(added.error).type.toBe<Full | LiveError.LiveError>()
  })

  test("calls take options after the payload, also where there is none", () => {
    const { call } = useComponent(Board, { props })
    expect(call.Add({ card: "a" }, { timeout: "2 seconds" })).type.toBe<
      Promise<CallResult<number, Full | LiveError.LiveError>>
    >()
    expect(call.Close(undefined, { timeout: 2000 })).type.toBe<Promise<CallResult<void, LiveError.LiveError>>>()
    expect(call.Add).type.not.toBeCallableWith({ card: "a" }, { within: 2000 })
  })
})

describe("useAction", () => {
  const board = {} as LiveComponent<typeof Board>

  test("knows the actions of the contract, and each has its own payload, value and error", () => {
    const add = useAction(board, "Add")
    expect(add.run({ card: "a" }, { timeout: 500 })).type.toBe<
      Promise<CallResult<number, Full | LiveError.LiveError>>
    >()
    expect(add.data).type.toBe<number | undefined>()
    expect(add.error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(add.pending).type.toBe<boolean>()
    expect(add.run).type.not.toBeCallableWith({ card: 1 })
    expect(add.run).type.not.toBeCallableWith()
    const close = useAction(board, "Close")
    expect(close.run()).type.toBe<Promise<CallResult<void, LiveError.LiveError>>>()
    expect(close.error).type.toBe<LiveError.LiveError | undefined>()
  })

  test("takes no action that the contract does not have", () => {
    expect(useAction).type.not.toBeCallableWith(board, "Remove")
    expect(useAction).type.not.toBeCallableWith({} as LiveComponent<typeof Plain>, "Add")
  })
})

class Form extends Component.Service<Form>()("Form", {
  state: { title: Schema.String, size: Schema.NullOr(Schema.Int), sent: Schema.Boolean, due: Schema.DateTimeUtc },
  initial: () => ({ title: "", size: null, sent: false, due: DateTime.makeUnsafe(0) }),
  writable: ["due", "title"],
  actions: [
    Rpc.make("SetTitle", { payload: { title: Schema.String }, error: Full }),
    Rpc.make("Resize", { payload: { size: Schema.NullOr(Schema.Int) } }),
    Rpc.make("Move", { payload: { size: Schema.NullOr(Schema.Int), to: Schema.String } }),
    Rpc.make("Send")
  ]
}) {}

describe("useField", () => {
  const form = {} as LiveComponent<typeof Form>

  test("has the value of the field, and the error of the action that takes it", () => {
    const title = useField(form, "title")
    expect(title.value).type.toBe<string>()
    expect(title.error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(title.commit()).type.toBe<Promise<boolean>>()
    expect(title.setValue).type.not.toBeCallableWith(1)
    expect(<input {...title.input} />).type.toBeAssignableTo<React.ReactNode>()
    const size = useField(form, "size", { action: "Resize", commit: "blur" })
    expect(size.value).type.toBe<number | null>()
    expect(size.error).type.toBe<LiveError.LiveError | undefined>()
    expect(size.setValue).type.toBeCallableWith(null)
  })

  test("wants no action for a field that is writable, and has its value", () => {
    const due = useField(form, "due", { commit: "blur" })
    expect(due.value).type.toBe<DateTime.Utc>()
    expect(due.error).type.toBe<LiveError.LiveError | undefined>()
    expect(due.setValue).type.not.toBeCallableWith("tomorrow")
    // The action of that name comes first.
    expect(useField(form, "title").error).type.toBe<Full | LiveError.LiveError | undefined>()
    expect(form.set("due", DateTime.makeUnsafe(0))).type.toBe<Promise<CallResult<void, LiveError.LiveError>>>()
    expect(form.set).type.not.toBeCallableWith("due", "tomorrow")
    expect(form.set).type.not.toBeCallableWith("size", null)
    expect(form.set).type.not.toBeCallableWith("author", "ada")
  })

  test("wants an action that takes the field alone, and finds it where it has the field's name", () => {
    expect(useField(form, "title", { debounce: 100 }).value).type.toBe<string>()
    expect(useField(form, "title", { action: "SetTitle" }).value).type.toBe<string>()
    expect(useField).type.not.toBeCallableWith(form, "size")
    expect(useField).type.not.toBeCallableWith(form, "size", { action: "Move" })
    expect(useField).type.not.toBeCallableWith(form, "size", { action: "Send" })
    expect(useField).type.not.toBeCallableWith(form, "sent", { action: "SetTitle" })
    expect(useField).type.not.toBeCallableWith(form, "author", { action: "SetTitle" })
    expect(useField).type.not.toBeCallableWith(form, "title", { commit: "enter" })
  })
})

class Album extends Component.Service<Album>()("Album", {
  state: { pictures: Schema.Array(Schema.String) },
  initial: () => ({ pictures: [] }),
  uploads: { photo: Upload.policy({ maxFileSize: "1 MB" }), song: Upload.policy({ maxFileSize: "9 MB" }) }
}) {}

describe("uploads", () => {
  test("have the names of the contract, and a component without them takes none", () => {
    const album = {} as LiveComponent<typeof Album>
    expect(useUpload(album, "photo")).type.toBe<ViewUploads>()
    expect(useUpload(album, "song", { paste: "page" })).type.toBe<ViewUploads>()
    expect(useUpload).type.not.toBeCallableWith(album, "photos")
    expect(useUpload).type.not.toBeCallableWith({} as LiveComponent<typeof Plain>, "photo")
    expect<Parameters<LiveHandle<typeof Album>["upload"]>[0]>().type.toBe<"photo" | "song">()
    expect<Parameters<LiveHandle<typeof Plain>["upload"]>[0]>().type.toBe<never>()
  })
})

describe("useEvent", () => {
  const board = {} as LiveComponent<typeof Board>

  test("knows the events of the contract and their payloads", () => {
    useEvent(board, "Added", (payload) => expect(payload).type.toBe<{ readonly card: string }>())
    expect(useEvent).type.not.toBeCallableWith(board, "Removed", () => {})
  })
})

describe("usePresence", () => {
  const board = {} as LiveComponent<typeof Board>

  test("gives people with the metadata of the contract, and what happens to them", () => {
    expect(usePresence(board)).type.toBe<ReadonlyArray<Presence.Person<{ readonly name: string }>>>()
    expect(board.presence).type.toBe<ReadonlyArray<Presence.Person<{ readonly name: string }>>>()
    expect(board.eventsDropped).type.toBe<number>()
    usePresence(board, ({ person }) => expect(person.metadata.name).type.toBe<string>())
    usePresence({} as LiveComponent<typeof Plain>, (change) => expect(change.person.metadata).type.toBe<{}>())
    expect(usePresence).type.not.toBeCallableWith(board, (name: string) => name)
  })
})

describe("LiveStatus", () => {
  test("takes any component", () => {
    expect(<LiveStatus of={{} as LiveComponent<typeof Board>} />).type.toBeAssignableTo<React.ReactNode>()
    expect(<LiveStatus of={{} as LiveComponent<typeof Plain>} />).type.toBeAssignableTo<React.ReactNode>()
  })

  test("takes other words for each state, but not for being live", () => {
    const of = {} as LiveComponent<typeof Board>
    expect(LiveStatus).type.toBeCallableWith({ of, text: { outdated: "Reload", reconnecting: "Away" } })
    expect(LiveStatus).type.not.toBeCallableWith({ of, text: { synced: "Live" } })
  })
})
