import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as LiveConfig from "../../../src/server/LiveConfig.ts"
import { Room } from "../../../src/server/room/Room.ts"
import type { RoomCursor } from "../../../src/server/room/RoomCursor.ts"
import type { Batch } from "../../../src/server/sync/Batch.ts"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import type { WireEncoder } from "../../../src/server/sync/WireEncoder.ts"
import * as JsonEncoder from "../../../src/server/wire/json/JsonEncoder.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"

/** A log of three events, so that clients miss some; the same whether others are behind or not. */
const config = { ...LiveConfig.defaults, maxEvents: 20, roomLog: 20, roomLogBytes: 400 }

const json = JsonEncoder.make(() => 0)

/** Two clients of each wire, whose components declare other events. */
const clients: ReadonlyArray<{ readonly encoder: WireEncoder; readonly contracts: ReadonlyArray<string> }> = [
  { encoder: RpcEncoder, contracts: ["ab", "a"] },
  { encoder: RpcEncoder, contracts: ["a", "b"] },
  { encoder: json, contracts: ["ab", "a"] },
  { encoder: json, contracts: ["a", "b"] }
]

/** What one client does in one room. */
class Reader {
  readonly texts: Array<string> = []
  readonly #room: Room
  readonly #contracts: ReadonlyArray<string>
  readonly #info: ClientInfo
  readonly #encoder: WireEncoder
  #cursor: RoomCursor | undefined
  #isAway = false
  #order = 0

  constructor(room: Room, index: number) {
    const { contracts = [], encoder = RpcEncoder } = clients[index] ?? {}
    this.#room = room
    this.#contracts = contracts
    this.#encoder = encoder
    this.#info = new ClientInfo(undefined, `client ${index}`)
  }

  do(step: string, component: number): void {
    const id = `component ${component}`
    const cursor = this.#cursor
    switch (step) {
      case "join":
      case "join announced":
        return this.#join(
          id,
          step === "join announced",
          new Map(Array.from(this.#contracts[component] ?? "", (name) => [name, 0]))
        )
      case "leave":
        return cursor?.leave(id)
      case "forget":
        return cursor?.forget(id)
      case "announce":
        return cursor?.announce(id)
      case "unannounce":
        return cursor?.unannounce(id)
      case "confirm":
        return cursor?.confirm(cursor.serial)
      case "read":
        return this.#read()
      case "reconnect":
        this.do("disconnect", component)
        return this.do("return", 0)
      case "disconnect":
        this.#isAway = true
        return cursor?.detach()
      default:
        if (this.#isAway) cursor?.resume(step === "return" ? cursor.serial - component : undefined)
        this.#isAway = false
    }
  }

  #join(id: string, isAnnounced: boolean, events: ReadonlyMap<string, unknown>): void {
    this.#cursor?.joining(id)
    this.#cursor ??= this.#room.open(
      {
        client: this.#info,
        encoder: this.#encoder,
        nextOrder: () => ++this.#order,
        cursorWoke: () => {},
        flushNow: () => this.#read(),
        done: (cursor) => {
          this.#room.close(cursor)
          if (this.#cursor === cursor) this.#cursor = undefined
        }
      },
      this.#isAway
    )
    this.#cursor.join(id, isAnnounced, events)
  }

  #read(): void {
    if (this.#isAway) return
    const batches: Array<Batch> = []
    this.#cursor?.take(batches)
    for (const { prefix = "", texts } of batches) for (const text of texts) this.texts.push(prefix + text)
  }
}

/** A room that somebody never reads: one without clients does not count its events. */
const openRoom = (): Room => {
  const room = new Room(config, { room: "room" }, 0, () => 0)
  const info = new ClientInfo(undefined, "nobody")
  const nothing = { nextOrder: () => 0, cursorWoke: () => {}, flushNow: () => {}, done: () => {} }
  room.open({ client: info, encoder: RpcEncoder, ...nothing }, true)
  return room
}

const rarely = ["read", "join", "leave", "forget", "announce", "unannounce", "confirm"] as const
const away = ["disconnect", "return", "return with nothing", "reconnect"] as const

/** Almost always there are only events, which all read at once. */
const Step = Schema.Struct({
  client: Schema.Literals([0, 1, 2, 3]),
  component: Schema.Literals([0, 1]),
  what: Schema.Literals([
    ...([
      "say",
      "say",
      "say",
      "say",
      "say",
      "say",
      "say many",
      "read all",
      "read all",
      "read all",
      "read all"
    ] as const),
    ...(["join announced", "join announced"] as const),
    ...rarely,
    ...away
  ])
})

describe("what a client reads of a room", () => {
  it.prop(
    "does not depend on who else reads it",
    [Arbitrary.array(Arbitrary.schema(Step), { minLength: 20, maxLength: 80 })],
    ([drawn]) => {
      const together = openRoom()
      const rooms = clients.map(openRoom)
      const readers = clients.map((_, index) => new Reader(together, index))
      const alone = rooms.map((room, index) => new Reader(room, index))
      const both = [...readers, ...alone]
      for (const reader of both) reader.do("join announced", 0)
      for (const { client, component, what } of drawn) {
        const name = component === 0 || client < 2 ? "a" : "b"
        const isFor = client === 0 && component === 1 ? (info: ClientInfo) => info.connection !== "client 1" : undefined
        const events = what === "say" ? 1 : what === "say many" ? 5 : 0
        for (let event = 0; event < events; event++) {
          for (const room of [together, ...rooms]) room.say(name, "1", isFor)
        }
        if (events > 0) continue
        if (what === "read all") for (const reader of both) reader.do("read", 0)
        else for (const reader of [readers[client], alone[client]]) reader?.do(what, component)
      }
      for (const reader of both) reader.do("read", 0)
      assert.deepStrictEqual(
        readers.map(({ texts }) => texts),
        alone.map(({ texts }) => texts)
      )
    },
    { arbitrary: { runs: 1000 } }
  )
})
