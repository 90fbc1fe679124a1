/** A frame is built once for all clients that get the same, and for no others. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Batch } from "../../../../src/server/sync/Batch.ts"
import type { FrameWriter } from "../../../../src/server/transport/FrameWriter.ts"
import { layer, Transport } from "../../../../src/server/transport/Transport.ts"
import { RpcOutbox } from "../../../../src/server/wire/rpc/RpcOutbox.ts"
import { makeWriter } from "../../../support/discardingWriter.ts"

const silent = { receive: () => {}, flush: () => {}, draining: () => {}, knows: () => true, closed: () => {} }

const chunk = (id: string, text: string) => `[{"_tag":"Chunk","requestId":${id},"values":[${text}]}]`

it.effect("a batch is framed for each form in which clients get it, once for all in the same form", () =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const built: Array<string> = []
    const written: Array<string> = []
    const make = (kind: string, id: string, inParts: boolean) => {
      const writer: FrameWriter = {
        ...makeWriter().writer,
        kind,
        shared: (texts) => {
          const [text = ""] = texts
          built.push(texts.length === 1 ? text : "parts")
          return Buffer.from(`${kind} ${texts.length === 1 ? text : texts.map((text) => text[0]).join("")}`)
        },
        write: (frame) => void written.push(frame.toString())
      }
      const connection = transport.attachUnsafe({ open: () => silent }, writer, undefined)
      const outbox = new RpcOutbox(connection)
      outbox.open(id, inParts)
      return { connection, outbox }
    }
    const send = (text: string, clients: ReadonlyArray<ReturnType<typeof make>>) => {
      const batch = new Batch([text], true)
      built.length = written.length = 0
      for (const { outbox } of clients) outbox.flush({ isBehind: true, collect: () => [batch], sent: () => {} })
    }
    const forms = [
      make("plain", "1", false),
      make("plain", "1", true),
      make("plain", '"e"', true),
      make("deflated", '"e"', true)
    ]

    send("{}", forms)
    const texts = [chunk("1", "{}"), chunk("1", "{}"), chunk('"e"', "{}"), chunk('"e"', "{}")]
    assert.deepStrictEqual(built, texts)
    assert.deepStrictEqual(
      written,
      texts.map((text, index) => `${index === 3 ? "deflated" : "plain"} ${text}`)
    )

    const long = `"${"x".repeat(20_000)}"`
    send(long, forms.slice(0, 2))
    assert.deepStrictEqual(built, [chunk("1", long), "parts"])
    assert.deepStrictEqual(written, [`plain ${chunk("1", long)}`, "plain +="])

    const same = [make("plain", "1", true), make("plain", "1", true), make("plain", "1", true)]
    send("{}", same)
    assert.strictEqual(built.length, 1)
    assert.deepStrictEqual(written, Array(3).fill(`plain ${chunk("1", "{}")}`))

    for (const { connection } of [...forms, ...same]) connection.closed()
  }).pipe(Effect.provide(layer))
)
