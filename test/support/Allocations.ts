/**
 * A program that says how many bytes of the heap an action allocates on its way from a frame to the frames with its answer and its
 * change: through Transport, wire, Session, instance and handler, with a writer that throws away what is written. What it prints is
 * the median of many windows of actions, in each of which nothing is collected, so that what was allocated is what the heap has grown by.
 *
 *   node --expose-gc --min-semi-space-size=64 test/support/Allocations.ts
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { getHeapStatistics } from "node:v8"
import { Counter, CounterLayer } from "../../bench/components.ts"
import { median } from "../../bench/statistics.ts"
import { LiveConfig, Secrets } from "../../src/server/index.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import type { Connection, WireProtocol } from "../../src/server/transport/Connection.ts"
import { Transport } from "../../src/server/transport/Transport.ts"
import { LiveJson } from "../../src/server/wire/json/LiveJson.ts"
import { LiveRpc } from "../../src/server/wire/rpc/LiveRpc.ts"
import { makeWriter } from "./discardingWriter.ts"

/** Actions before those that count, in all that count, and in one window. */
const warmUp = 40_000
const measured = 100_000
const perWindow = 800

/** Turns of the event loop between two acknowledgements, as `fibra/client` does it. */
const turnsPerAcknowledgement = 4

/** What a client sends. */
interface Client {
  readonly protocol: WireProtocol
  readonly mount: ReadonlyArray<string>
  readonly action: (componentId: string, id: number) => string
  /** Undefined where nothing is acknowledged. */
  readonly acknowledgement?: (batch: number, settled: number) => string
}

const rpcRequest = (id: string | number, tag: string, payload: object, more: object = {}) =>
  JSON.stringify({ _tag: "Request", id, tag, payload, headers: [], ...more })

const rpc = (protocol: WireProtocol): Client => ({
  protocol,
  mount: [
    rpcRequest("events", "Connect", {}),
    rpcRequest(0, "Mount", { component: "Counter", props: { start: 0 }, callId: 0 })
  ],
  action: (componentId, id) =>
    rpcRequest(id, "Call", { componentId, action: "Increment", payload: { by: 1 }, callId: id, settled: id - 1 }),
  acknowledgement: (batch, settled) => rpcRequest("r", "Received", { batch, settled }, { isNotification: true })
})

const json = (protocol: WireProtocol): Client => ({
  protocol,
  mount: [
    JSON.stringify({
      type: "COMPONENT_MOUNT",
      payload: { component: "Counter", props: { start: 0 } },
      requestId: "mount"
    })
  ],
  action: (componentId, requestId) =>
    JSON.stringify({
      type: "CALL_ACTION",
      componentId,
      action: "Increment",
      payload: { by: 1 },
      requestId,
      expectResponse: true
    })
})

/** The next turn of the event loop, after everything was written. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

const collect = (): void => globalThis.gc?.({ type: "minor", execution: "sync" })

/** Sends batches of messages, one in each turn of the event loop, and says when all were answered. */
const send = (connection: Connection, turns: ReadonlyArray<ReadonlyArray<string>>): Promise<void> =>
  new Promise((resolve) => {
    let nth = 0
    const turn = () => {
      const texts = turns[nth++]
      if (texts === undefined) return resolve()
      for (const text of texts) connection.receive(text)
      setImmediate(turn)
    }
    turn()
  })

/** The bytes of the heap that an action allocates when so many are in flight. */
const bytesPerAction = async (
  transport: Transport["Service"],
  { acknowledgement, action, mount, protocol }: Client,
  depth: number
): Promise<number> => {
  let text = ""
  const answers: Array<string> = []
  let isKept = true
  const { writer } = makeWriter()
  const keep = (frame: unknown) => {
    if (isKept) answers.push(String(frame))
    else text = String(frame)
  }
  const connection = transport.attachUnsafe(
    protocol,
    {
      ...writer,
      write: keep,
      writeTo: (prefix, { texts }) => keep(prefix + texts.join("")),
      bufferedUnsafe: () => 0
    },
    undefined
  )
  for (const message of mount) connection.receive(message)
  const componentIdIn = () => /"componentId":"([^"]+)"/.exec(answers.join(""))?.[1]
  for (let turn = 0; turn < 100 && componentIdIn() === undefined; turn++) await nextTurn()
  const componentId = componentIdIn()
  if (componentId === undefined) throw new Error(`Nothing was mounted: ${answers.join("")}`)
  isKept = false
  let last = 0
  let batch = 1
  const window = () => {
    const turns: Array<Array<string>> = []
    for (let actions = 0; actions < perWindow; actions += depth) {
      const texts = Array.from({ length: depth }, () => action(componentId, ++last))
      if (acknowledgement !== undefined && ++batch % turnsPerAcknowledgement === 0) {
        texts.push(acknowledgement(batch, last - depth))
      }
      turns.push(texts)
    }
    return turns
  }
  for (let actions = 0; actions < warmUp; actions += perWindow) await send(connection, window())
  const figures: Array<number> = []
  for (let actions = 0; actions < measured; actions += perWindow) {
    const turns = window()
    collect()
    const before = getHeapStatistics().used_heap_size
    await send(connection, turns)
    figures.push((getHeapStatistics().used_heap_size - before) / perWindow)
  }
  await nextTurn()
  if (!text.includes(String(last))) throw new Error(`The last of ${last} actions was not answered: ${text}`)
  connection.closed()
  return Math.round(median(figures))
}

const Core = LiveCore.layer({ components: [Counter] }).pipe(
  Layer.provide([
    CounterLayer,
    Secrets.layerRandom,
    LiveConfig.layer({ rate: Infinity, rateBurst: Infinity }),
    Layer.succeed(References.MinimumLogLevel, "Warn")
  ])
)

const program = Effect.gen(function* () {
  const services = yield* Layer.build(Core)
  const transport = Context.get(services, Transport)
  const clients = {
    rpc: rpc(Context.get(services, LiveRpc)),
    json: json(Context.get(services, LiveJson)(new URLSearchParams()))
  }
  const bytes: Record<string, number> = {}
  for (const [wire, client] of Object.entries(clients)) {
    for (const depth of [1, 16]) {
      bytes[`${wire}, ${depth} in flight`] = yield* Effect.promise(() => bytesPerAction(transport, client, depth))
    }
  }
  console.log(JSON.stringify(bytes))
}).pipe(Effect.scoped)

await Effect.runPromise(program)
