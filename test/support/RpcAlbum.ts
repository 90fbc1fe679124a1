/** A client of the RPC wire that sends files to an album, with nothing of ours on its side. */
import { Effect } from "effect"
import type { Principal } from "fibra"
import { type MemoryConnection, MemoryWires, type Told } from "./MemoryWires.ts"
import { told } from "./Album.ts"

/** The exit of a request. */
export type Exit =
  | { readonly _tag: "Success"; readonly value: Told }
  | { readonly _tag: "Failure"; readonly cause: ReadonlyArray<{ readonly error?: { readonly reason: Told } }> }

/** A client with an album of its own. */
export interface RpcAlbumClient {
  readonly connection: MemoryConnection
  readonly componentId: string
  readonly sessionToken: string
  /** Sends a request, and gives what came of it: its success, or the reason of its failure. */
  readonly ask: (tag: string, payload: object) => Effect.Effect<Told>
  readonly start: (file: object) => Effect.Effect<Told>
  readonly part: (offset: number, bytes: Uint8Array) => void
  /** The next event about uploads that has not been given. */
  readonly event: Effect.Effect<Told>
  /** Waits until so many bytes are acknowledged. */
  readonly received: (bytes: number) => Effect.Effect<void>
  readonly complete: Effect.Effect<Told>
}

/** How to connect. */
export interface Options {
  readonly principal?: Principal
  /** The session to take up, with this album. */
  readonly resume?: Pick<RpcAlbumClient, "componentId" | "sessionToken">
}

/** The events about uploads that a connection was told, in order. */
export const eventsOf = ({ told }: MemoryConnection): ReadonlyArray<Told> =>
  told
    .flatMap((message) => (message["_tag"] === "Chunk" ? (message["values"] as ReadonlyArray<Told>) : []))
    .filter(({ _tag }) => _tag === "UploadReceived" || _tag === "UploadFailed")

const established = (message: Told) =>
  message["_tag"] === "Chunk" && (message["values"] as ReadonlyArray<Told>)[0]?.["_tag"] === "ConnectionEstablished"

/** Connects, and mounts an album. */
export const RpcAlbum = Effect.fnUntraced(function* ({ principal, resume }: Options = {}): Effect.fn.Return<
  RpcAlbumClient,
  never,
  MemoryWires
> {
  const { connect, flush } = yield* MemoryWires
  const connection = connect("rpc", { principal })
  let requests = 0
  let seen = 0
  const send = (tag: string, payload: object) => {
    const id = `request-${++requests}`
    connection.send({ _tag: "Request", id, tag, payload, headers: [] })
    return id
  }
  const ask = Effect.fnUntraced(function* (tag: string, payload: object) {
    const id = send(tag, payload)
    const message = yield* told(connection, (message) => message["_tag"] === "Exit" && message["requestId"] === id)
    const exit = message["exit"] as Exit
    return exit._tag === "Success" ? exit.value : (exit.cause[0]?.error?.reason ?? { _tag: "Died" })
  })
  const points = resume && [{ componentId: resume.componentId, epoch: 1, revision: 0, index: 0 }]
  send("Connect", resume ? { resume: { sessionToken: resume.sessionToken, components: points, pending: [] } } : {})
  const first = ((yield* told(connection, established))["values"] as ReadonlyArray<Told>)[0] ?? {}
  const isBack = (first["components"] as ReadonlyArray<string>).length > 0
  const mounted = isBack ? resume : yield* ask("Mount", { component: "Album", props: {} })
  const componentId = String(mounted?.["componentId" as never])
  let uploadId = ""
  const event = Effect.gen(function* () {
    for (let tries = 0; tries < 500; tries++) {
      const found = eventsOf(connection)[seen]
      if (found !== undefined) {
        seen++
        return found
      }
      flush()
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    }
    return yield* Effect.die(new Error(`no event came: ${JSON.stringify(connection.told.slice(-3))}`))
  })
  return {
    connection,
    componentId,
    sessionToken: String(first["sessionToken"]),
    ask,
    start: (file) => {
      const payload = { componentId, upload: "any", uploadId: "one", name: "a.bin", type: "", ...file }
      uploadId = payload.uploadId
      return ask("UploadStart", payload)
    },
    part: (offset, bytes) => connection.sendPart({ uploadId, offset }, bytes),
    event,
    received: (bytes) =>
      Effect.gen(function* () {
        while ((yield* event)["received"] !== bytes);
      }),
    complete: Effect.suspend(() => ask("UploadComplete", { uploadId }))
  }
})
