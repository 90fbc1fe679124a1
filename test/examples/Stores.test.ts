/** docs/state.md, over real sockets: states in a folder and in PostgreSQL, tokens in files, and who they belong to. */
import { createServer } from "node:http"
import { dirname, join } from "node:path"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import type { Component } from "fibra"
import { LiveClient, type LiveHandle, StateCache } from "fibra/client"
import { Authentication, LiveServer, Secrets, SnapshotStore } from "fibra/server"
import { WebSocket } from "ws"
import { Postgres } from "../support/Postgres.ts"
import { Notes, NotesLayer } from "./Notes.ts"
import { folder as directory } from "../support/workspace.ts"

const notes = LiveServer.layer({ components: [Notes] }).pipe(Layer.provide(NotesLayer))

// #region folder
/** For one process: files in a folder, which is created. */
const inFolder = (folder: string) => notes.pipe(Layer.provide(SnapshotStore.layerFolder(folder)))
// #endregion folder

// #region postgres
// For any number of processes: PostgreSQL, at `postgres://user:password@host/database`.
const inPostgres = notes.pipe(
  Layer.provide(SnapshotStore.layerSql), // creates its tables
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)
// #endregion postgres

// #region files
/** What local storage is in a browser: files that outlive this program. */
const cacheInFiles = (folder: string) =>
  StateCache.layerKeyValueStore.pipe(
    Layer.provide(KeyValueStore.layerFileSystem(folder)),
    Layer.provide(NodeServices.layer)
  )

const clientOf = (url: string, folder: string) =>
  LiveClient.layerWebSocket({ url }).pipe(Layer.provide(cacheInFiles(folder)))
// #endregion files

const people = new Map([["session-of-ada", "ada"]])

// #region principal
/** Sessions and tokens belong to who this says it is; without it, and where it says nobody, to whoever has them. */
const accounts = Authentication.layer(({ cookies }) =>
  Effect.sync(() => {
    const id = people.get(cookies["account"] ?? "")
    return id === undefined ? undefined : { id }
  })
)
// #endregion principal

/** The same on every server. */
const secret = Secrets.layer(["a secret for tests that is long enough to be one"])

interface Running {
  readonly url: string
  /** As SIGTERM does. */
  readonly end: Effect.Effect<void>
}

/** Starts a server on a port of its own. */
const serve = Effect.fnUntraced(function* <E>(app: Layer.Layer<never, E, HttpRouter.HttpRouter>) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", disablePreemptiveShutdown: true })
  const server = HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(secret),
    Layer.provideMerge(http)
  )
  const { address } = Context.get(yield* Layer.buildWithScope(Layer.fresh(server), scope), HttpServer.HttpServer)
  const port = "port" in address ? address.port : 0
  const running: Running = { url: `ws://127.0.0.1:${port}/api/live/rpc`, end: Scope.close(scope, Exit.void) }
  return running
})

/** A client until the Scope closes. */
const clientAt = (url: string | Effect.Effect<string>) =>
  Effect.map(
    Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url, maxBackoff: "50 millis" }))),
    Context.get(LiveClient)
  )

const back = <C extends Component.Typed>(handle: LiveHandle<C>) =>
  Effect.repeat(Effect.delay(handle.view, "5 millis"), { until: ({ connected }) => connected })

describe("docs/state.md, stores", () => {
  it.live("a folder keeps the state for the next process", () =>
    Effect.gen(function* () {
      const folder = join(yield* directory, "states")
      const visit = Effect.fnUntraced(function* (text: string) {
        const server = yield* serve(inFolder(folder))
        const list = yield* (yield* clientAt(server.url)).mount(Notes, { key: "list" })
        const count = yield* list.call.Add({ text })
        yield* server.end
        return count
      }, Effect.scoped)
      assert.strictEqual(yield* visit("one"), 1)
      assert.strictEqual(yield* visit("two"), 2)
    }).pipe(Effect.scoped)
  )

  it.live(
    "PostgreSQL keeps the state for every server, and a client that comes to another server brings its own",
    () =>
      Effect.gen(function* () {
        const { socket } = yield* Postgres
        const url = `postgres:///postgres?user=postgres&host=${dirname(socket)}`
        const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: url }))
        const server = Effect.provide(serve(inPostgres), environment)
        const [first, second] = [yield* server, yield* server]
        let current = first
        const live = yield* clientAt(Effect.sync(() => current.url))
        const [own, shared] = [yield* live.mount(Notes, {}), yield* live.mount(Notes, { key: "list" })]
        yield* own.call.Add({ text: "mine" })
        yield* shared.call.Add({ text: "ours" })
        current = second
        yield* first.end
        yield* Effect.all([back(own), back(shared)])
        assert.strictEqual(yield* own.activation, "rehydrated")
        assert.deepStrictEqual((yield* own.state).notes, [{ text: "mine", done: false }])
        assert.deepStrictEqual((yield* shared.state).notes, [{ text: "ours", done: false }])
      }).pipe(Effect.scoped, Effect.provide(Postgres.layer)),
    30_000
  )

  it.live("files keep the token for the next program", () =>
    Effect.gen(function* () {
      const server = yield* serve(notes)
      const folder = yield* directory
      const program = (text: string) =>
        Effect.gen(function* () {
          const list = yield* (yield* LiveClient).mount(Notes, { cacheKey: "mine" })
          return [yield* list.call.Add({ text }), yield* list.activation]
        }).pipe(Effect.scoped, Effect.provide(clientOf(server.url, folder), { local: true }))
      assert.deepStrictEqual(yield* program("one"), [1, "mounted"])
      assert.deepStrictEqual(yield* program("two"), [2, "rehydrated"])
    }).pipe(Effect.scoped)
  )
})

describe("docs/state.md, principals", () => {
  /** Asks for a session over a socket that sends this cookie, and gives what the server says of it. */
  const ask = (url: string, cookie: string | undefined, resume?: unknown) =>
    Effect.scoped(
      Effect.gen(function* () {
        const ws = yield* Effect.acquireRelease(
          Effect.sync(() => new WebSocket(url, { headers: cookie === undefined ? {} : { cookie } })),
          (ws) => Effect.sync(() => ws.terminate())
        )
        return yield* Effect.callback<string>((answer) => {
          ws.on("message", (data: Buffer) => {
            if (data.toString().includes("ConnectionEstablished")) answer(Effect.succeed(data.toString()))
          })
          ws.on("open", () => {
            const request = (id: number, tag: string, payload: unknown) => ({ _tag: "Request", id, tag, payload })
            const connect = request(1, "Connect", resume === undefined ? {} : { resume })
            // Something to come back for.
            const mount = request(2, "Mount", { component: "Notes", props: {} })
            ws.send(JSON.stringify(resume === undefined ? [mount, connect] : connect))
          })
        })
      })
    )

  it.live("a session is resumed by its principal and by nobody else", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(notes.pipe(Layer.provide(accounts)))
      const [, sessionToken] = /"sessionToken":"([^"]+)"/.exec(yield* ask(url, "account=session-of-ada")) ?? []
      const resume = { sessionToken, components: [], pending: [] }
      assert.include(yield* ask(url, undefined, resume), `"reason":"principal"`)
      assert.include(yield* ask(url, "account=session-of-mallory", resume), `"reason":"principal"`)
      assert.include(yield* ask(url, "account=session-of-ada", resume), `"resumed":true`)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
