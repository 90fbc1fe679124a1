/**
 * A session belongs to exactly one: the connection it is told over, or those that wait for their clients; or it is over. Whatever
 * clients of both wires do with tokens that are theirs, another's, spent or made up. `FIBRA_SEED` repeats a run.
 */
import { assert, it, vi } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Session } from "../../../src/server/session/Session.ts"
import { type MemoryConnection, MemoryWires, type Told } from "../../support/MemoryWires.ts"

class Held extends Component.Service<Held>()("Held", {
  props: {},
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Add"), Rpc.make("Never")]
}) {}

const HeldLayer = Held.toLayer(
  Effect.gen(function* () {
    const self = yield* Held
    return Held.of({
      Add: () => Effect.asVoid(self.update(({ count }) => ({ count: count + 1 }))),
      Never: () => Effect.never
    })
  })
)

/** Something that a session does while it is resumed fails, after its cursors were moved. */
const Faults = { resume: false }
const resume = Session.prototype.resume
vi.spyOn(Session.prototype, "resume").mockImplementation(function (this: Session, ...args) {
  const components = resume.apply(this, args)
  if (Faults.resume) throw new Error("it cannot be resumed")
  return components
})

const Index = Schema.Literals([0, 1, 2, 3, 4, 5])
const Name = Schema.NullOr(Schema.Literals(["ada", "bob"]))

const Open = Schema.TaggedStruct("Open", {
  wire: Schema.Literals(["rpc", "json"]),
  principal: Name,
  /** Over the open wire: which of the newest tokens it comes with. */
  token: Schema.NullOr(Index)
})
const Connect = Schema.TaggedStruct("Connect", {
  of: Index,
  /** Whether it has stopped to read its events before. */
  anew: Schema.Boolean,
  token: Schema.Union([Index, Schema.Literals(["none", "own", "own", "invented"])])
})
const Mount = Schema.TaggedStruct("Mount", { of: Index, key: Schema.NullOr(Schema.Literal("shared")) })
const Drop = Schema.TaggedStruct("Drop", { of: Index })

/** What happens more often stands here more often. */
const Command = Schema.Union([
  Open,
  Open,
  Connect,
  Connect,
  Connect,
  Mount,
  Drop,
  Schema.TaggedStruct("Call", {
    of: Index,
    action: Schema.Literals(["Add", "Never"]),
    callId: Schema.NullOr(Index)
  }),
  Schema.TaggedStruct("Unmount", { of: Index }),
  Schema.TaggedStruct("Confirm", { of: Index }),
  Schema.TaggedStruct("Leave", { of: Index }),
  Schema.TaggedStruct("Break", { isBroken: Schema.Boolean }),
  Schema.TaggedStruct("SignOut", { principal: Schema.Literals(["ada", "bob"]) }),
  Schema.TaggedStruct("Pass", { millis: Schema.Literals([1, 1000, 30_000]) })
])
type Command = typeof Command.Type

/** What a test knows of a connection. */
class Client {
  readonly connection: MemoryConnection
  readonly principal: string | null
  requests = 0
  stream: number | undefined

  constructor(connection: MemoryConnection, principal: string | null) {
    this.connection = connection
    this.principal = principal
  }

  get isOpen(): boolean {
    return this.connection.code() === undefined
  }

  request(tag: string, payload: object): number {
    const id = ++this.requests
    this.connection.send({ _tag: "Request", id, tag, payload, headers: [] })
    return id
  }

  /** The tokens it was told, the newest last. */
  get tokens(): ReadonlyArray<string> {
    const established = this.connection.told.flatMap((message) =>
      message["_tag"] === "Chunk" ? (message["values"] as ReadonlyArray<Told>) : [message]
    )
    return established.flatMap(({ sessionToken }) => (typeof sessionToken === "string" ? [sessionToken] : []))
  }

  get mounted(): ReadonlyArray<string> {
    return this.connection.session()?.components ?? []
  }
}

const pick = <A>(from: ReadonlyArray<A>, index: number): A | undefined => from[from.length - 1 - (index % from.length)]

const act = Effect.fnUntraced(function* (clients: Array<Client>, command: Command) {
  const wires = yield* MemoryWires
  const tokens = () => clients.flatMap((client) => client.tokens)
  const open = clients.filter(({ isOpen }) => isOpen)
  const of = (index: number) => pick(open, index)
  switch (command._tag) {
    case "Open": {
      const { principal, token, wire } = command
      const options = {
        principal: principal === null ? undefined : { id: principal },
        sessionToken: token === null || wire === "rpc" ? undefined : pick(tokens(), token)
      }
      clients.push(new Client(wires.connect(wire, options), principal))
      break
    }
    case "Connect": {
      const { anew, of: index, token } = command
      const client = pick(
        open.filter(({ connection }) => connection.wire === "rpc"),
        index
      )
      if (client === undefined) break
      if (anew && client.stream !== undefined) client.connection.send({ _tag: "Interrupt", requestId: client.stream })
      const named = { none: undefined, own: client.tokens.at(-1), invented: "who.knows" }
      const sessionToken = typeof token === "number" ? pick(tokens(), token) : named[token]
      const components = client.mounted.map((componentId) => ({ componentId, epoch: 1, revision: 0, index: 0 }))
      const resume = sessionToken === undefined ? {} : { resume: { sessionToken, components, pending: [] } }
      client.stream = client.request("Connect", resume)
      break
    }
    case "Mount": {
      const client = of(command.of)
      const key = command.key === null ? {} : { key: command.key }
      if (client?.connection.wire === "rpc") client.request("Mount", { component: "Held", props: {}, ...key })
      else client?.connection.send({ type: "COMPONENT_MOUNT", payload: { component: "Held", ...key } })
      break
    }
    case "Call": {
      const client = of(command.of)
      const componentId = client?.mounted[0] ?? "none"
      const { action } = command
      const callId = command.callId === null ? {} : { callId: command.callId }
      if (client?.connection.wire === "rpc") client.request("Call", { componentId, action, ...callId })
      else client?.connection.send({ type: "CALL_ACTION", componentId, action, ...callId })
      break
    }
    case "Unmount": {
      const client = of(command.of)
      const componentId = client?.mounted[0] ?? "none"
      if (client?.connection.wire === "rpc") client.request("Unmount", { componentId })
      else client?.connection.send({ type: "COMPONENT_UNMOUNT", componentId })
      break
    }
    case "Confirm": {
      const client = of(command.of)
      if (client?.connection.wire === "rpc") client.request("Received", { batch: 1000 })
      break
    }
    case "Leave":
      of(command.of)?.connection.send({ _tag: "Eof" })
      break
    case "Drop":
      of(command.of)?.connection.drop()
      break
    case "Break":
      Faults.resume = command.isBroken
      break
    case "SignOut":
      yield* wires.principals.disconnect({ id: command.principal })
      break
    case "Pass":
      yield* TestClock.adjust(command.millis)
  }
  wires.flush()
  for (let turn = 0; turn < 3; turn++) yield* Effect.yieldNow
})

const check = Effect.fnUntraced(function* (clients: ReadonlyArray<Client>) {
  const { sessions } = yield* MemoryWires
  const listed = yield* sessions.list
  const owners = Map.groupBy(
    clients.filter(({ connection }) => connection.session() !== undefined),
    ({ connection }) => connection.session()?.connectionId
  )
  for (const { connection, isOpen } of clients) {
    if (connection.session() === undefined) continue
    assert.isTrue(isOpen, "who is gone has no session")
    assert.isTrue(connection.isTold(), "a session is told over the connection that has it")
  }
  for (const { connectionId, status } of listed) {
    const count = owners.get(connectionId)?.length ?? 0
    assert.strictEqual(count, status === "parked" ? 0 : 1, `${connectionId} is ${status}`)
    owners.delete(connectionId)
  }
  // What a connection has is there, but for what was ended because its principal was signed out.
  assert.deepStrictEqual(Array.from(owners.keys()), [])
})

const run = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>) {
  Faults.resume = false
  const { sessions } = yield* MemoryWires
  const clients: Array<Client> = []
  for (const command of commands) {
    yield* act(clients, command)
    yield* check(clients)
  }
  for (const { connection, isOpen } of clients) if (isOpen) connection.drop()
  yield* check(clients)
  yield* TestClock.adjust("2 minutes")
  assert.deepStrictEqual(yield* sessions.size, { sessions: 0, parked: 0 })
})

const seed = process.env["FIBRA_SEED"] ?? String(Math.floor(Math.random() * 2 ** 32))
const runs = 300

it.effect.prop(
  `every session belongs to one connection or waits, in ${runs} runs of seed ${seed}`,
  [Schema.Array(Command).check(Schema.isMinLength(20), Schema.isMaxLength(60))],
  ([commands]) =>
    run(commands).pipe(
      Effect.scoped,
      Effect.provide(
        MemoryWires.layer([Held], {
          linger: Duration.seconds(45),
          idleTimeout: Duration.hours(1),
          firstMessageTimeout: Duration.infinity,
          maxParked: 3,
          maxParkedPerPrincipal: 2
        }).pipe(Layer.provide([HeldLayer, Logger.layer([])])),
        { local: true }
      )
    ),
  { arbitrary: { runs, seed, size: 60 }, timeout: 240_000 }
)

console.log(
  `test/server/session/ownership.model.test.ts: ${runs} runs of seed ${seed}; FIBRA_SEED=${seed} repeats them`
)
