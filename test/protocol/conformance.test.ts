/** The open protocol, case by case, over real sockets; `README.md` says what a case is. */
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as JsonProtocol from "../../src/JsonProtocol.ts"
import { LiveErrorReason } from "../../src/LiveError.ts"
import * as Case from "./Case.ts"
import * as Published from "./Published.ts"
import * as Runner from "./Runner.ts"
import { layerLab, layerShowcase, Server } from "./Server.ts"

const folder = (name: string) => Case.load(fileURLToPath(new URL(name, import.meta.url)))

/** What went over the wires of all cases. */
const sent: Array<unknown> = []
const received = new Set<unknown>()
const codes = new Set<unknown>()

const note: Runner.Options["onMessage"] = (direction, message) => {
  if (direction === "sent") sent.push(message)
  else if (typeof message === "object" && message !== null && "type" in message) {
    received.add(message.type)
    if ("code" in message) codes.add(message.code)
  }
}

const play = (case_: Case.Case) =>
  Effect.flatMap(Effect.service(Server), ({ drain, url }) =>
    Runner.run(case_, { url, drain, onMessage: note, validate: Published.serverMessage })
  )

/** What is refused, but never to a client of this protocol. */
const elsewhere = {
  RateLimited: "is called RATE_LIMITED here",
  ContractMismatch: "is what a client of fibra finds",
  Disconnected: "is what a client of fibra finds",
  ClientCrashed: "is what a client of fibra finds",
  VersionMismatch: "needs a client that says which version it has",
  InstanceStopped: "needs an instance that stops by itself while it is mounted"
}

const options = { excludeTestServices: true, timeout: 120_000 } as const

layer(layerShowcase, options)("the showcase", (it) => {
  for (const file of folder("cases")) {
    // At the same time, as clients do: what a case shares with others has the name of its run.
    describe.concurrent(file.about, () => {
      for (const case_ of file.cases) it.effect(case_.name, () => play(case_))
    })
  }
})

for (const file of folder("cases-lab")) {
  layer(layerLab(file.limits), options)(file.about, (it) => {
    for (const case_ of file.cases) it.effect(case_.name, () => play(case_))
  })
}

describe("the cases", () => {
  it("the cases send every message that clients may send", () => {
    const types = new Set(sent.map((message) => (message as { readonly type?: unknown } | null)?.type))
    assert.deepStrictEqual(
      Object.keys(JsonProtocol.clientMessages).filter((type) => !types.has(type)),
      []
    )
  })

  it("the cases receive every message that the server may send", () => {
    assert.deepStrictEqual(
      Object.keys(JsonProtocol.serverMessages).filter((type) => !received.has(type)),
      []
    )
  })

  it("the cases provoke every refusal that can be provoked from outside", () => {
    const known = LiveErrorReason.members.map((reason) => reason.fields._tag.schema.literal)
    assert.deepStrictEqual(
      known.filter((code) => !codes.has(code) && !(code in elsewhere)),
      []
    )
  })

  it("the cases fit the published schema where they fit the server", () => {
    const decode = Schema.decodeUnknownExit(Schema.Union(Object.values(JsonProtocol.clientMessages)))
    for (const message of sent) {
      const published = Published.clientMessage(message)
      assert.strictEqual(
        published === undefined,
        Exit.isSuccess(decode(message)),
        `${JSON.stringify(message)} ${published}`
      )
    }
  })
})
