import { type Config, Context, type Duration, Effect, Layer, Schema } from "effect"
import { HttpRouter, type HttpServer, HttpServerResponse, HttpStaticServer } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component, type LiveError, Upload } from "fibra"
import type { CallOptions, LiveHandle, MountOptions } from "fibra/client"
import {
  type LiveConfig,
  LiveServer,
  type MonitorAccess,
  LiveSsr,
  Principals,
  Secrets,
  SnapshotStore,
  type UploadStore
} from "fibra/server"
import { describe, expect, test } from "tstyche"

// Where a call gives an Effect, the negative matchers about calling would match whatever is said: the language service complains of
// an Effect that is not used. So those are said of the parameters.

class Full extends Schema.TaggedError<Full>()("Full", { max: Schema.Int }) {}

class Board extends Component.Service<Board>()("Board", {
  props: { title: Schema.String },
  state: { cards: Schema.Array(Schema.String), open: Schema.Boolean },
  initial: ({ title }) => ({ cards: [title], open: true }),
  actions: [Rpc.make("Add", { payload: { card: Schema.String }, success: Schema.Int, error: Full }), Rpc.make("Close")],
  events: { Added: Schema.Struct({ card: Schema.String }) }
}) {}

class Audit extends Context.Service<Audit, { readonly record: (text: string) => Effect.Effect<void> }>()("Audit") {}

const handlers = { Add: () => Effect.succeed(1), Close: () => Effect.void }
const BoardLayer = Board.toLayer(handlers)

describe("a behaviour", () => {
  test("has a handler for every action of its contract", () => {
    expect(Board.toLayer).type.toBeCallableWith(handlers)
    expect(Board.toLayer).type.not.toBeCallableWith({ Add: handlers.Add })
    expect(Board.of).type.not.toBeCallableWith({ Close: handlers.Close })
  })

  test("answers with the success and the error its contract declares", () => {
    expect(Board.of).type.toBeCallableWith({ ...handlers, Add: () => Effect.fail(new Full({ max: 1 })) })
    expect(Board.of).type.not.toBeCallableWith({ ...handlers, Add: () => Effect.succeed("one") })
    expect(Board.of).type.not.toBeCallableWith({ ...handlers, Close: () => Effect.fail(new Full({ max: 1 })) })
  })

  test("requires the services of its build and of its handlers, but neither itself nor a Scope", () => {
    const ofBuild = Board.toLayer(
      Effect.gen(function* () {
        const self = yield* Board
        yield* Audit
        yield* Effect.forkScoped(self.update((state) => ({ ...state, open: false })))
        return Board.of(handlers)
      })
    )
    expect(ofBuild).type.toBe<Layer.Layer<Component.BehaviorOf<Board>, never, Audit>>()
    const ofHandler = Board.toLayer({ ...handlers, Close: () => Audit.use((audit) => audit.record("closed")) })
    expect(ofHandler).type.toBe<Layer.Layer<Component.BehaviorOf<Board>, never, Audit>>()
  })
})

describe("the uploads of a behaviour", () => {
  class Album extends Component.Service<Album>()("Album", {
    state: { count: Schema.Int },
    initial: () => ({ count: 0 }),
    uploads: { photo: Upload.policy({ maxFileSize: "1 MB" }) }
  }) {}
  const take = ({ name }: Upload.UploadedFile) => Effect.log(name)

  test("have a handler each, which gets the file", () => {
    expect(Album.of).type.toBeCallableWith({ uploads: { photo: take } })
    expect(Album.of).type.not.toBeCallableWith({})
    expect(Album.of).type.not.toBeCallableWith({ uploads: {} })
    expect(Album.of).type.not.toBeCallableWith({ uploads: { photo: (name: string) => Effect.log(name) } })
    expect(Album.of).type.not.toBeCallableWith({ uploads: { photo: () => Effect.fail("no") } })
    expect<keyof Component.Uploads<typeof Album>>().type.toBe<"photo">()
  })

  test("are none where the contract has none", () => {
    expect(Board.of).type.not.toBeCallableWith({ ...handlers, uploads: {} })
  })

  test("require the services of their handlers", () => {
    const layer = Album.toLayer({ uploads: { photo: (file) => Audit.use((audit) => audit.record(file.name)) } })
    expect(layer).type.toBe<Layer.Layer<Component.BehaviorOf<Album>, never, Audit>>()
  })
})

describe("an instance", () => {
  const self = {} as typeof Board.Service

  test("has the state of its contract, and no other", () => {
    expect(self.get).type.toBe<Effect.Effect<{ readonly cards: ReadonlyArray<string>; readonly open: boolean }>>()
    expect<Parameters<typeof self.set>>().type.toBe<
      [state: { readonly cards: ReadonlyArray<string>; readonly open: boolean }]
    >()
  })

  test("broadcasts the events of its contract, and no others", () => {
    expect(self.broadcast("Added", { card: "a" })).type.toBe<Effect.Effect<void, LiveError.LiveError>>()
    expect<Parameters<typeof self.broadcast>>().type.toBe<
      [event: "Added", payload: { readonly card: string }, options?: Component.BroadcastOptions]
    >()
  })
})

describe("a server", () => {
  const app = LiveServer.layer({ components: [Board] })

  test("requires the behaviour of every component it lists", () => {
    expect(app).type.toBe<
      Layer.Layer<
        Principals.Principals | LiveSsr.LiveSsr,
        LiveServer.StartError,
        HttpRouter.HttpRouter | Component.BehaviorOf<Board>
      >
    >()
    expect(Layer.provide(app, BoardLayer)).type.toBe<
      Layer.Layer<Principals.Principals | LiveSsr.LiveSsr, LiveServer.StartError, HttpRouter.HttpRouter>
    >()
  })

  test("has an HTTP server of its own, or the router of another one", () => {
    const own = LiveServer.layerHttp({ components: [Board] }).pipe(Layer.provide(BoardLayer))
    expect(own).type.toBe<
      Layer.Layer<
        Principals.Principals | LiveSsr.LiveSsr | HttpServer.HttpServer,
        LiveServer.StartError | LiveServer.ListenError | LiveConfig.LiveConfigError
      >
    >()
  })

  test("requires what its other routes require, but for files, sign-outs and pages that are rendered", () => {
    const routes = HttpRouter.add(
      "GET",
      "/audit",
      Effect.as(
        Audit.use((audit) => audit.record("read")),
        HttpServerResponse.empty()
      )
    )
    const files = HttpStaticServer.layer({ root: "." })
    const signOut = HttpRouter.use(() => Effect.asVoid(Principals.Principals))
    const page = HttpRouter.add("GET", "/", (request) => Effect.as(LiveSsr.page(request), HttpServerResponse.empty()))
    const own = LiveServer.layerHttp({ components: [], routes: Layer.mergeAll(routes, files, signOut, page) })
    expect<Layer.Services<typeof own>>().type.toBe<Audit>()
  })

  test("does not start without a secret, with a wrong one, or without a store for its uploads, and says nothing else in its type", () => {
    expect<LiveServer.StartError>().type.toBe<
      Secrets.SecretsError | MonitorAccess.MonitorTokenError | UploadStore.UploadStoreError | Config.ConfigError
    >()
  })

  test("needs neither a store nor secrets, and takes both", () => {
    expect(Layer.provide(app, SnapshotStore.layerMemory)).type.toBe<typeof app>()
    expect(Layer.provide(app, Secrets.layerRandom)).type.toBe<typeof app>()
  })
})

describe("a mounted component", () => {
  const board = {} as LiveHandle<typeof Board>

  test("is called with the payload of each action, and fails with its error or the house's", () => {
    expect(board.call.Add({ card: "a" })).type.toBe<Effect.Effect<number, Full | LiveError.LiveError>>()
    expect(board.call.Close()).type.toBe<Effect.Effect<void, LiveError.LiveError>>()
    expect(board.call).type.not.toHaveProperty("Remove")
  })

  test("is called with options after the payload, also where there is none", () => {
    expect(board.call.Add({ card: "a" }, { timeout: "2 seconds" })).type.toBe<
      Effect.Effect<number, Full | LiveError.LiveError>
    >()
    expect(board.call.Close(undefined, { timeout: 2000 })).type.toBe<Effect.Effect<void, LiveError.LiveError>>()
    expect<Parameters<typeof board.call.Add>>().type.toBe<[payload: { readonly card: string }, options?: CallOptions]>()
    expect<Parameters<typeof board.call.Close>>().type.toBe<[payload?: undefined, options?: CallOptions]>()
    expect<CallOptions>().type.toBe<{ readonly timeout?: Duration.Input | undefined }>()
  })

  test("says how it came to its state", () => {
    expect(board.activation).type.toBe<Effect.Effect<"resumed" | "rehydrated" | "mounted" | undefined>>()
  })

  test("has the state and the events of its contract", () => {
    expect(board.state).type.toBe<Effect.Effect<{ readonly cards: ReadonlyArray<string>; readonly open: boolean }>>()
    expect(board.events).type.not.toBeCallableWith("Removed")
  })
})

describe("a mount", () => {
  test("takes the props of the contract, and names for what is shared or kept", () => {
    type Options = MountOptions<typeof Board>
    expect<Options>().type.toBeAssignableFrom<{ props: { title: string }; key: string }>()
    expect<Options>().type.toBeAssignableFrom<{ props: { title: string }; cacheKey: string; whenNewer: "wait" }>()
    expect<Options>().type.not.toBeAssignableFrom<{ cacheKey: string }>()
    expect<Options>().type.not.toBeAssignableFrom<{ props: { title: string }; whenNewer: "never" }>()
  })
})

describe("an action", () => {
  test("may be annotated as one that may run twice, and stays what it is", () => {
    const save = Rpc.make("Save", { payload: { text: Schema.String }, error: Full })
    expect(save.annotate(Component.Idempotent, true)).type.toBe<typeof save>()
    expect(save.annotate).type.not.toBeCallableWith(Component.Idempotent, "yes")
  })
})
