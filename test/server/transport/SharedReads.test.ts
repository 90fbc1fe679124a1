/** Sockets that read into one buffer: what arrives is what was sent, on every kind of socket Node has. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as net from "node:net"
import * as SharedReads from "../../../src/server/transport/SharedReads.ts"
import { socketKinds } from "../../support/SocketKinds.ts"

const kinds = socketKinds({ allowHalfOpen: true })

interface Received {
  readonly buffers: Set<ArrayBufferLike>
  readonly texts: Map<string, string>
}

/** What a server receives from clients that send all of these texts, each in turn, and then their end. */
const receive = (kind: keyof typeof kinds, texts: ReadonlyArray<ReadonlyArray<string>>, pauseAfter = Infinity) =>
  new Promise<Received>((resolve, reject) => {
    const received: Received = { buffers: new Set(), texts: new Map() }
    const server = kinds[kind].serve((socket) => {
      let text = ""
      socket.on("error", reject)
      socket.on("end", () => {
        received.texts.set(text.slice(0, 2), text)
        socket.end()
        if (received.texts.size === texts.length) server.close(() => resolve(received))
      })
      SharedReads.attach(socket, function (read) {
        const chunk = SharedReads.bytesOf(read)
        assert.strictEqual(this, socket)
        received.buffers.add(chunk.buffer)
        text += chunk.toString("latin1")
        if (text.length < pauseAfter) return
        this.pause()
        setImmediate(() => this.resume())
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      const clients = texts.map(() => kinds[kind].connect(port))
      clients.forEach((client, index) => {
        client.on("error", reject)
        client.resume()
        const next = (at: number): void => {
          const text = texts[index]?.[at]
          if (text === undefined) client.end()
          else client.write(text, () => next(at + 1))
        }
        next(0)
      })
    })
  })

const Texts = Schema.Array(Schema.Array(Schema.String).check(Schema.isMaxLength(8))).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(4)
)

const named = (texts: typeof Texts.Type) => texts.map((each, index) => [`#${index}`, ...each])

describe.each(["TCP", "TLS"] as const)("sockets of %s", (kind) => {
  it.effect.prop(
    "that read into one buffer receive what each was sent, and its end",
    [Texts],
    ([texts]) =>
      Effect.promise(async () => {
        const received = await receive(kind, named(texts))
        assert.strictEqual(received.buffers.size, 1)
        for (const each of named(texts)) {
          // One by one, as they were sent: half a character is encoded by itself.
          const bytes = Buffer.concat(each.map((text) => Buffer.from(text)))
          assert.strictEqual(received.texts.get(each[0] ?? ""), bytes.toString("latin1"))
        }
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("lose nothing of a megabyte while they are paused over and over", () =>
    Effect.promise(async () => {
      const pieces = Array.from({ length: 16 }, (_, index) => String.fromCharCode(97 + index).repeat(65_536))
      const { buffers, texts } = await receive(kind, named([pieces, pieces]), 1)
      assert.strictEqual(buffers.size, 1)
      for (const name of ["#0", "#1"]) assert.strictEqual(texts.get(name), name + pieces.join(""))
    })
  )
})

describe("a socket", () => {
  it.effect("gives first what was read before it was attached", () =>
    Effect.promise(async () => {
      const text = await new Promise<string>((resolve) => {
        let client: net.Socket
        const server = net.createServer((socket) => {
          let text = ""
          socket.on("end", () => {
            socket.end()
            server.close(() => resolve(text))
          })
          socket.once("readable", () => {
            socket.unshift(socket.read() as Buffer)
            SharedReads.attach(socket, (read) => void (text += SharedReads.bytesOf(read).toString()))
            client.end(" and after")
          })
        })
        server.listen(0, "127.0.0.1", () => {
          client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1")
          client.resume()
          client.write("before")
        })
      })
      assert.strictEqual(text, "before and after")
    })
  )
})
