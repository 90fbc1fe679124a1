/** The server writes its replies over the RPC wire by hand: each is what effect/rpc decodes for the request it answers. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, LiveError, LiveProtocol } from "fibra"
import { Authorization } from "fibra/server"
import * as RpcResponse from "../../../src/server/wire/rpc/RpcResponse.ts"
import { type MemoryConnection, MemoryWires, type Told } from "../../support/MemoryWires.ts"

class Odd extends Schema.TaggedError<Odd>()("Odd", { by: Schema.Int }) {}

class Talker extends Component.Service<Talker>()("Talker", {
  props: {},
  state: { said: Schema.String },
  initial: () => ({ said: "" }),
  actions: [
    Rpc.make("Nothing"),
    Rpc.make("Give", { success: Schema.Struct({ at: Schema.DateTimeUtcFromMillis }) }),
    Rpc.make("Fail", { error: Odd }),
    Rpc.make("FailLater", { error: Odd }),
    Rpc.make("Crash"),
    Rpc.make("CrashLater"),
    Rpc.make("Interrupt"),
    Rpc.make("InterruptLater"),
    Rpc.make("Never")
  ]
}) {}

const TalkerLayer = Talker.toLayer(
  Effect.gen(function* () {
    const self = yield* Talker
    const at = Schema.decodeSync(Schema.DateTimeUtcFromMillis)(0)
    return Talker.of({
      Nothing: () => Effect.asVoid(self.update(() => ({ said: "something" }))),
      Give: () => Effect.succeed({ at }),
      Fail: () => new Odd({ by: 1 }),
      FailLater: () => Effect.andThen(Effect.yieldNow, new Odd({ by: 1 })),
      Crash: () => Effect.die(new Error("it broke")),
      CrashLater: () => Effect.andThen(Effect.yieldNow, Effect.die(new Error("it broke"))),
      Interrupt: () => Effect.interrupt,
      InterruptLater: () => Effect.andThen(Effect.yieldNow, Effect.interrupt),
      Never: () => Effect.never
    })
  })
)

class Stillborn extends Component.Service<Stillborn>()("Stillborn", {
  state: { nothing: Schema.Int },
  initial: () => ({ nothing: 0 })
}) {}

class Quitter extends Component.Service<Quitter>()("Quitter", {
  state: { nothing: Schema.Int },
  initial: () => ({ nothing: 0 })
}) {}

const components = [Talker, Stillborn, Quitter] as const
const behaviors = Layer.mergeAll(
  TalkerLayer,
  Stillborn.toLayer(Effect.die(new Error("it cannot be built"))),
  Quitter.toLayer(Effect.andThen(Effect.yieldNow, Effect.interrupt))
)

const served = (config = {}) => MemoryWires.layer(components, config).pipe(Layer.provide([behaviors, Logger.layer([])]))

/** How an answer ended, as effect/rpc tells it to its client. */
const outcomeOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  const [reason] = exit.cause.reasons
  if (reason === undefined || !Cause.isFailReason(reason)) return reason?._tag ?? "Empty"
  const error = reason.error as LiveError.LiveError | { readonly _tag: string }
  return error instanceof LiveError.LiveError ? error.reason._tag : error._tag
}

/** Decodes the end of a request as a stock client does, which waits for its end, or only for its beginning. */
const decode = (tag: string, exit: unknown, discard = false): Exit.Exit<unknown, unknown> => {
  const rpc = LiveProtocol.LiveProtocol.requests.get(tag as "Call")
  const whole = rpc === undefined ? Schema.Exit(Schema.Never, Schema.Never, Schema.Defect()) : Rpc.exitSchema(rpc)
  const schema = discard ? Schema.Exit(Schema.Void, whole.error, whole.defect) : whole
  return Schema.decodeUnknownSync(Schema.toCodecJson(schema) as unknown as Schema.Codec<Exit.Exit<unknown, unknown>>)(
    exit
  )
}

const decodeEvents = Schema.decodeUnknownSync(
  Schema.toCodecJson(Schema.NonEmptyArray(LiveProtocol.LiveEvent)) as unknown as Schema.Codec<ReadonlyArray<unknown>>
)
const decodeDefect = Schema.decodeUnknownSync(Schema.toCodecJson(Schema.Defect()))

/** A client that asks, and decodes everything it is told with the schemas of effect/rpc. */
class Asker {
  readonly connection: MemoryConnection
  readonly #asked = new Map<number, { readonly tag: string; readonly discard: boolean }>()
  readonly #flush: () => void
  #read = 0
  #next = 0

  constructor(connection: MemoryConnection, flush: () => void) {
    this.connection = connection
    this.#flush = flush
  }

  ask(tag: string, payload: unknown, how: { readonly discard?: true; readonly isNotification?: true } = {}): number {
    const id = ++this.#next
    this.#asked.set(id, { tag, discard: how.discard === true })
    this.connection.send({ _tag: "Request", id, tag, payload, headers: [], ...how })
    return id
  }

  interrupt(requestId: number): void {
    this.connection.send({ _tag: "Interrupt", requestId })
  }

  /** What it is told from here on: how each request ended, and what else came. */
  readonly hear: Effect.Effect<ReadonlyArray<readonly [id: number | undefined, outcome: string]>> = Effect.gen(
    { self: this },
    function* () {
      for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
      this.#flush()
      const told = this.connection.told.slice(this.#read)
      this.#read += told.length
      return told.map((message) => this.#decoded(message))
    }
  )

  #decoded(message: Told): readonly [id: number | undefined, outcome: string] {
    switch (message["_tag"]) {
      case "Exit": {
        const id = message["requestId"] as number
        const { discard, tag } = this.#asked.get(id) ?? { tag: "none", discard: false }
        return [id, outcomeOf(decode(tag, message["exit"], discard))]
      }
      case "Chunk":
        decodeEvents(message["values"])
        return [message["requestId"] as number, "Chunk"]
      case "Defect":
        decodeDefect(message["defect"])
        return [undefined, "Defect"]
      default:
        return [undefined, String(message["_tag"])]
    }
  }

  /** The value a request succeeded with. */
  value(id: number): unknown {
    const exit = this.connection.told.find(({ _tag, requestId }) => _tag === "Exit" && requestId === id)?.["exit"]
    return (exit as { readonly value: unknown }).value
  }
}

const asker = Effect.map(Effect.service(MemoryWires), ({ connect, flush }) => new Asker(connect("rpc"), flush))

const mounted = Effect.fnUntraced(function* (client: Asker) {
  const id = client.ask("Mount", { component: "Talker", props: {} })
  assert.deepStrictEqual(yield* client.hear, [[id, "Success"]])
  return (client.value(id) as { readonly componentId: string }).componentId
})

const deep = () => JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`) as unknown
const resume = { sessionToken: "none.such", components: [], pending: [] }

describe("a request over the RPC wire", () => {
  it.effect("a request over the RPC wire is answered with what effect/rpc decodes, however it ends", () =>
    Effect.gen(function* () {
      const client = yield* asker
      const stream = client.ask("Connect", { resume })
      assert.deepStrictEqual(yield* client.hear, [[stream, "Chunk"]])
      const componentId = yield* mounted(client)
      const call = (action: string, payload?: unknown) => () => client.ask("Call", { componentId, action, payload })
      const cases: ReadonlyArray<readonly [ask: () => number, outcome: string]> = [
        [call("Nothing"), "Success"],
        [call("Give"), "Success"],
        [call("Fail"), "ActionFailure"],
        [call("FailLater"), "ActionFailure"],
        [call("Interrupt"), "CallExpired"],
        [call("InterruptLater"), "CallExpired"],
        [call("Nothing", { by: 1 }), "PayloadRejected"],
        [call("None"), "UnknownAction"],
        [() => client.ask("Call", { componentId: "none", action: "Nothing" }), "NotMounted"],
        [() => client.ask("Call", { componentId: 1 }), "PayloadRejected"],
        [() => client.ask("Call", { componentId, action: "Nothing", payload: deep() }), "PayloadRejected"],
        [call("Crash"), "ComponentCrashed"],
        [call("CrashLater"), "ComponentCrashed"],
        [() => client.ask("Mount", { component: "None", props: {} }), "UnknownComponent"],
        [() => client.ask("Mount", { component: "Talker", props: { surprise: 1 } }), "PropsRejected"],
        [() => client.ask("Mount", { component: 1 }), "PayloadRejected"],
        [() => client.ask("Mount", { component: "Talker", props: deep() }), "PayloadRejected"],
        [() => client.ask("Mount", { component: "Stillborn", props: {} }), "ComponentCrashed"],
        [() => client.ask("Mount", { component: "Quitter", props: {} }), "CallExpired"],
        [() => client.ask("Rehydrate", { component: "Talker", props: {}, token: "none" }), "TokenRejected"],
        [() => client.ask("Rehydrate", { component: "Talker", props: {} }), "PayloadRejected"],
        [() => client.ask("Resync", { componentId }), "Success"],
        [() => client.ask("Resync", { componentId: "none" }), "NotMounted"],
        [() => client.ask("Resync", {}), "PayloadRejected"],
        [() => client.ask("Ping", null), "Success"],
        [() => client.ask("Ping", undefined), "Success"],
        [() => client.ask("Ping", { surprise: 1 }), "Die"],
        [() => client.ask("Ping", deep()), "Die"],
        [() => client.ask("Received", { batch: 1 }), "Success"],
        [() => client.ask("Received", { batch: "many" }), "Die"],
        [() => client.ask("Received", deep()), "Die"],
        [() => client.ask("Connect", {}), "Die"],
        [() => client.ask("Connect", { resume: 1 }), "Die"],
        [() => client.ask("None", {}), "Die"],
        [() => client.ask("constructor", {}), "Die"],
        [() => client.ask("Unmount", { componentId: "none" }), "NotMounted"],
        [() => client.ask("Unmount", {}), "PayloadRejected"],
        [() => client.ask("Unmount", { componentId }), "Success"],
        [() => client.ask("Unmount", { componentId }), "NotMounted"]
      ]
      for (const [index, [ask, outcome]] of cases.entries()) {
        const id = ask()
        const answers = (yield* client.hear).filter(([, what]) => what !== "Chunk")
        assert.deepStrictEqual(answers, [[id, outcome]], `case ${index}`)
      }
      client.interrupt(stream)
      assert.deepStrictEqual(yield* client.hear, [[stream, "Success"]])
    }).pipe(Effect.provide(served()))
  )

  it.effect("a request over the RPC wire that is cancelled ends interrupted, whatever it is, and once", () =>
    Effect.gen(function* () {
      const client = yield* asker
      const componentId = yield* mounted(client)
      const never = (callId?: number) =>
        client.ask("Call", { componentId, action: "Never", ...(callId === undefined ? {} : { callId }) })
      const mounting = (callId?: number) =>
        client.ask("Mount", { component: "Talker", props: {}, ...(callId === undefined ? {} : { callId }) })
      // Authorization does not answer.
      for (const ask of [never, () => never(1), () => mounting(), () => mounting(2)]) {
        const id = ask()
        assert.deepStrictEqual(yield* client.hear, [])
        client.interrupt(id)
        client.interrupt(id)
        assert.deepStrictEqual(yield* client.hear, [[id, "Interrupt"]])
      }
      client.interrupt(1000)
      assert.deepStrictEqual(yield* client.hear, [])
    }).pipe(
      Effect.provide(
        Layer.provide(
          served(),
          Authorization.layer({
            mount: (() => {
              let mounts = 0
              return () => (mounts++ === 0 ? Effect.succeed(true) : Effect.never)
            })()
          })
        )
      )
    )
  )

  it.effect("a request over the RPC wire whose id is in use dies, and the one that has it continues", () =>
    Effect.gen(function* () {
      const client = yield* asker
      const componentId = yield* mounted(client)
      const id = client.ask("Call", { componentId, action: "Never", callId: 1 })
      const again = (tag: string, payload: object) =>
        client.connection.send({ _tag: "Request", id, tag, payload, headers: [] })
      again("Call", { componentId, action: "Never", callId: 1 })
      assert.deepStrictEqual(yield* client.hear, [])
      again("Call", { componentId, action: "Never", callId: 2 })
      again("Mount", { component: "Talker", props: {} })
      again("Unmount", { componentId })
      assert.deepStrictEqual(yield* client.hear, [
        [id, "Die"],
        [id, "Die"],
        [id, "Die"]
      ])
      client.interrupt(id)
      assert.deepStrictEqual(yield* client.hear, [[id, "Interrupt"]])
    }).pipe(Effect.provide(served()))
  )

  it.effect("a notification is done and not answered, and a discarded request is answered when it has begun", () =>
    Effect.gen(function* () {
      const client = yield* asker
      const componentId = yield* mounted(client)
      const asked = [
        ["Call", { componentId, action: "Nothing" }],
        ["Call", { componentId, action: "Fail" }],
        ["Call", { componentId, action: "None" }],
        ["Call", { componentId, action: "Never", callId: 1 }],
        ["Call", { componentId: 1 }],
        ["Mount", { component: "Talker", props: {} }],
        ["Resync", { componentId }],
        ["Ping", null],
        ["Received", { batch: 0 }],
        ["None", {}]
      ] as const
      for (const [tag, payload] of asked) client.ask(tag, payload, { isNotification: true })
      assert.deepStrictEqual(yield* client.hear, [])
      client.ask("Received", { batch: 0, abandoned: [1] }, { isNotification: true })
      const answers = asked.map(([tag, payload]) => client.ask(tag, payload, { discard: true }))
      assert.deepStrictEqual(
        (yield* client.hear)
          .toSorted(([a = 0], [b = 0]) => a - b)
          .map(([id, outcome]) => [answers.indexOf(id ?? 0), outcome]),
        [
          [0, "Success"],
          [1, "Success"],
          [2, "UnknownAction"],
          [3, "Success"],
          [4, "PayloadRejected"],
          [5, "Success"],
          [6, "Success"],
          [7, "Success"],
          [8, "Success"],
          [9, "Die"]
        ]
      )
      const begun = client.ask("Call", { componentId, action: "InterruptLater" }, { discard: true })
      assert.deepStrictEqual(yield* client.hear, [[begun, "Success"]])
    }).pipe(Effect.provide(served()))
  )

  it.effect("a request above the rate is refused as its contract permits, and pings are answered", () =>
    Effect.gen(function* () {
      const client = yield* asker
      const stream = client.ask("Connect", {})
      yield* client.hear
      client.ask("None", {})
      for (let mount = 0; mount < 3; mount++) client.ask("Mount", {})
      yield* client.hear
      const asked = ["Call", "Mount", "Rehydrate", "Unmount", "Resync", "Ping", "None"].map(
        (tag) => [client.ask(tag, {}), tag === "Ping" || tag === "None" ? "Die" : "RateLimited"] as const
      )
      client.connection.send({ _tag: "Ping" })
      client.interrupt(stream)
      assert.deepStrictEqual(yield* client.hear, [...asked, [undefined, "Pong"], [stream, "Success"]])
    }).pipe(Effect.provide(served({ rate: 1, rateBurst: 2, rateTolerance: 20, maxComponents: 1 })))
  )

  it.effect("a message that is no request is a defect", () =>
    Effect.gen(function* () {
      const client = yield* asker
      for (const garbage of [5, null, [[]], { _tag: "None" }, { _tag: "Request", tag: "Ping" }]) {
        client.connection.send(garbage)
        assert.deepStrictEqual(yield* client.hear, [[undefined, "Defect"]])
      }
    }).pipe(Effect.provide(served()))
  )
})

describe("a reply over the RPC wire", () => {
  const exitOf = (text: string) => (JSON.parse(text) as { readonly exit: unknown }).exit
  const refusable = ["Mount", "Rehydrate", "Unmount", "Resync", "Call"]

  it.prop("a reply over the RPC wire has every refusal", [LiveError.LiveErrorReason], ([reason]) => {
    const error = new LiveError.LiveError({ reason })
    for (const tag of refusable) {
      const causes = [RpcResponse.refused(1, error), RpcResponse.failed(1, Cause.fail(error))]
      for (const text of causes) assert.deepStrictEqual(decode(tag, exitOf(text)), Exit.fail(error))
    }
  })

  it.prop("a reply over the RPC wire says that a request died, and no secrets", [Schema.String], ([text]) => {
    for (const tag of LiveProtocol.LiveProtocol.requests.keys()) {
      assert.deepStrictEqual(decode(tag, exitOf(RpcResponse.die(1, text))), Exit.die(text))
      const died = decode(tag, exitOf(RpcResponse.failed(1, Cause.die(new Error(text)))))
      assert.isTrue(Exit.isFailure(died) && Cause.hasDies(died.cause))
      assert.notInclude(String(died), "Error:")
      const interrupted = decode(tag, exitOf(RpcResponse.failed(1, Cause.interrupt(5))))
      assert.isTrue(Exit.isFailure(interrupted) && Cause.hasInterruptsOnly(interrupted.cause))
    }
    assert.strictEqual(
      decodeDefect((JSON.parse(RpcResponse.defect(text)) as { readonly defect: unknown }).defect),
      text
    )
  })

  it.prop("a reply over the RPC wire has the result or the error of an action", [Schema.Json], ([given]) => {
    const text = JSON.stringify(given)
    // What JSON makes of it: there is no minus zero.
    const value = JSON.parse(text) as Schema.Json
    assert.deepStrictEqual(decode("Call", exitOf(RpcResponse.success(1, text))), Exit.succeed(value))
    const failed = RpcResponse.outcome(1, { _tag: "Failure", text, message: "" })
    assert.deepStrictEqual(
      decode("Call", exitOf(failed)),
      Exit.fail(new LiveProtocol.ActionFailure({ failure: value }))
    )
  })
})
