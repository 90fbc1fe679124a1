/** From the frame to the handler: which functions a call passes on its way, over both wires. */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { Authorization, LiveServer, Secrets } from "fibra/server"
import { Port, port } from "../../support/AuthorizationFixture.ts"
import { connect } from "../../support/JsonSocket.ts"
import * as RawSocket from "../../support/RawSocket.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** The functions of `src` on the stack, the outermost first, as `file:function`. */
const entries = (): ReadonlyArray<string> => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = Infinity
  const { stack = "" } = new Error("here")
  Error.stackTraceLimit = limit
  return stack
    .split("\n")
    .flatMap((line) => {
      const [, name = "a function without a name", file] =
        /^ +at (?:(?:async )?(.+?) \()?((?:file:\/\/)?\/.+?):\d+:\d+\)?$/.exec(line) ?? []
      const path = file === undefined ? "" : relative(root, file.startsWith("file:") ? fileURLToPath(file) : file)
      return path.startsWith("src/") ? [`${path}:${name.split(".").at(-1)}`] : []
    })
    .toReversed()
}

class Tracer extends Component.Service<Tracer>()("Tracer", {
  props: {},
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Trace", { payload: { n: Schema.Int }, success: Schema.Array(Schema.String) })]
}) {}

/** The way is looked at where the author's code begins, and the interpreter of Effect has not. */
const TracerLayer = Tracer.toLayer(
  Effect.succeed(
    Tracer.of({
      Trace: () => {
        const way = entries()
        return Effect.succeed(way)
      }
    })
  )
)

const served = LiveServer.layer({ components: [Tracer] }).pipe(
  (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
  Layer.merge(port),
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
  Layer.provide([TracerLayer, Secrets.layerRandom, Logger.layer([])])
)

const guarded = served.pipe(Layer.provide(Authorization.layer({ call: () => Effect.succeed(true) })))

type Way = ReadonlyArray<string>
const rpcRequest = (id: number, tag: string, payload: object) => ({ _tag: "Request", id, tag, payload, headers: [] })
const valueOf = (answer: unknown) => (answer as { readonly exit: { readonly value: never } }).exit.value

/** The way of one call, named or not, alone or beside others. */
const wires = {
  rpc: Effect.fnUntraced(function* (callId: object, isAlone: boolean) {
    const socket = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
    socket.send(rpcRequest(1, "Mount", { component: "Tracer", props: {} }))
    const { componentId } = valueOf(yield* socket.answer(1)) as { readonly componentId: string }
    const call = rpcRequest(2, "Call", { componentId, action: "Trace", payload: { n: 1 }, ...callId })
    socket.send(isAlone ? call : [call, { _tag: "Ping" }])
    return valueOf(yield* socket.answer(2)) as Way
  }, Effect.scoped),
  json: Effect.fnUntraced(function* (callId: object, isAlone: boolean) {
    const socket = yield* connect(yield* Port)
    const componentId = yield* socket.mount({ component: "Tracer" })
    const call = { type: "CALL_ACTION", componentId, action: "Trace", payload: { n: 1 }, requestId: "call", ...callId }
    yield* socket.sendText(JSON.stringify(isAlone ? call : [call, { type: "COMPONENT_PING", componentId }]))
    return (yield* socket.next("MESSAGE_RESPONSE"))["result"] as Way
  }, Effect.scoped)
}

/** The ways that the page tells in its section on a call: the first list is of the RPC wire, the second of the open one. */
const told = (): Readonly<Record<keyof typeof wires, Way>> => {
  const page = readFileSync(new URL("../../../docs/architecture.md", import.meta.url), "utf8")
  const [, section = ""] = page.split("\n### A call\n")
  const [rpc = [], json = []] = (section.split("\n#")[0] ?? "")
    .split(/\n\n(?=1\. )/)
    .slice(1)
    .map((list) => Array.from(list.matchAll(/^\d+\. `(.+?:.+?)`/gm), ([, entry]) => `src/${entry}`))
  return { rpc, json }
}

describe("a call", () => {
  for (const wire of ["rpc", "json"] as const) {
    it.live(`a call over the ${wire} wire passes at most 13 functions from the frame to the handler`, () =>
      Effect.gen(function* () {
        const ways = [
          yield* wires[wire]({}, true),
          yield* wires[wire]({ callId: 1 }, true),
          yield* wires[wire]({ callId: 2 }, false)
        ]
        for (const way of ways) {
          assert.isAtMost(way.length, 13, way.join("\n"))
          assert.strictEqual(way[0], "src/server/transport/ConnectionSocket.ts:onData")
          // Whether it has a name, and whether it comes alone, changes nothing.
          assert.deepStrictEqual(way, ways[0])
        }
        assert.deepStrictEqual(ways[0], told()[wire])
      }).pipe(Effect.provide(served))
    )

    it.live(`a call over the ${wire} wire passes at most 13 functions with Authorization, too`, () =>
      Effect.gen(function* () {
        const way = yield* wires[wire]({ callId: 1 }, true)
        assert.isAtMost(way.length, 13, way.join("\n"))
        assert.strictEqual(way[0], "src/server/transport/ConnectionSocket.ts:onData")
      }).pipe(Effect.provide(guarded))
    )
  }
})
