/** A component with something to protect, and its server: for the tests of who may do what. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"

export class AuthorizationFixture extends Component.Service<AuthorizationFixture>()("AuthorizationFixture", {
  props: { owner: Schema.optionalKey(Schema.String) },
  state: { title: Schema.String, count: Schema.Int, notes: Schema.Array(Schema.String) },
  initial: () => ({ title: "", count: 0, notes: [] }),
  writable: ["title"],
  actions: [
    Rpc.make("Increment", { success: Schema.Int }),
    Rpc.make("Note", { payload: { text: Schema.String } }),
    Rpc.make("NoteInPlace", { payload: { text: Schema.String } }),
    Rpc.make("WhoCalls", { success: Schema.NullOr(Schema.String) }),
    Rpc.make("Say", { payload: { words: Schema.String } }),
    Rpc.make("Shred")
  ],
  events: { Said: Schema.Struct({ words: Schema.String }) },
  presence: { metadata: { owner: Schema.String }, initial: ({ owner = "" }) => ({ owner }) }
}) {}

export const AuthorizationFixtureLayer = AuthorizationFixture.toLayer(
  Effect.gen(function* () {
    const self = yield* AuthorizationFixture
    return AuthorizationFixture.of({
      // Reads, waits, and writes: what loses updates where two handlers of one component may run at once.
      Increment: Effect.fnUntraced(function* () {
        const { count } = yield* self.get
        yield* Effect.sleep("5 millis")
        return (yield* self.update((state) => ({ ...state, count: count + 1 }))).count
      }),
      Note: ({ text }) => Effect.asVoid(self.update((state) => ({ ...state, notes: [...state.notes, text] }))),
      NoteInPlace: ({ text }) =>
        Effect.asVoid(
          self.update((state) => {
            ;(state.notes as Array<string>).push(text)
            return state
          })
        ),
      WhoCalls: (_, { principal }) => Effect.succeed(principal?.id ?? null),
      Say: ({ words }) => self.broadcast("Said", { words }),
      Shred: () => Effect.asVoid(self.update((state) => ({ ...state, notes: [] })))
    })
  })
)

/** Where a server listens. */
export class Port extends Context.Service<Port, number>()("test/Port") {}

/** Where the HTTP server listens. */
export const port = Layer.effect(
  Port,
  Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) => ("port" in address ? address.port : 0))
)

/** Desks, served on a port of their own. */
export const served = (config: LiveConfig.Options = {}) =>
  LiveServer.layer({ components: [AuthorizationFixture] }).pipe(
    (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
    Layer.merge(port),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide([AuthorizationFixtureLayer, Secrets.layerRandom, LiveConfig.layer(config), Logger.layer([])])
  )
