/**
 * An upload against a server by script: connections are cut, the server is killed, acknowledgements are lost and said
 * twice, chunks are lost. Whatever happens, the file that arrives is the file, and nothing confirmed is sent again.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Schema } from "effect"
import { RpcClientDefect, RpcClientError } from "effect/rpc/RpcClientError"
import { TestClock } from "effect/testing"
import { UploadChannel } from "../../src/client/UploadChannel.ts"
import * as UploadSource from "../../src/client/UploadSource.ts"
import { isOver } from "../../src/client/UploadProgress.ts"
import { UploadTask } from "../../src/client/UploadTask.ts"
import { LiveError, UploadRejected } from "../../src/LiveError.ts"
import type { UploadCompleted, UploadStarted, UploadStartRequest } from "../../src/LiveProtocol.ts"

const window = 256 * 1024
const latency = 40

/** What the server has of an upload. */
interface Stored {
  readonly token: string
  readonly content: Uint8Array
  received: number
  /** What it has said that it has. */
  told: number
}

const lost = () => new RpcClientError({ reason: new RpcClientDefect({ message: "cut", cause: undefined }) })
const unknown = new UploadRejected({ upload: "photo", reason: "unknown", detail: "there is no upload of this id" })

/** A server, and the network before it. */
class ScriptedServer {
  readonly channel: UploadChannel
  readonly run: (effect: Effect.Effect<unknown>) => void
  /** What went wrong. */
  readonly faults: Array<string> = []
  task: UploadTask | undefined
  finished: Uint8Array | undefined
  losingAcks = 0
  doublingAcks = 0
  losingChunks = 0
  refusing = 0
  /** Milliseconds after its answer until it says that it has more than it has answered. */
  storing: number | undefined
  /** Those that this connection may send chunks of. */
  #begun = new Set<string>()
  #sessions = new Map<string, Stored>()
  #store = new Map<string, Stored>()
  #tokens = 0
  #connection: Deferred.Deferred<never, RpcClientError> | undefined = Deferred.makeUnsafe()
  /** What the client knows to be stored. */
  #confirmed = new Map<string, number>()

  constructor(run: (effect: Effect.Effect<unknown>) => void) {
    this.run = run
    this.channel = new UploadChannel({ buffered: () => 0, sendBytes: (frame) => this.#sent(frame) })
  }

  readonly target = () => (this.#connection === undefined ? undefined : { componentId: "c", session: 0 })

  readonly requests = {
    UploadStart: (request: UploadStartRequest) =>
      Effect.tap(
        this.#answer(() => this.#start(request)),
        ({ uploadId }) => Effect.sync(() => this.#begun.add(uploadId))
      ),
    UploadComplete: ({ uploadId }: { readonly uploadId: string }) => this.#answer(() => this.#complete(uploadId))
  }

  cut(): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#connection = undefined
    this.#begun.clear()
    this.task?.disconnected()
    Deferred.doneUnsafe(connection, Exit.fail(lost()))
  }

  connect(): void {
    if (this.#connection !== undefined) return
    this.#connection = Deferred.makeUnsafe()
    this.task?.wake()
  }

  /** Dies: what it has not confirmed may be gone. */
  kill(): void {
    this.cut()
    this.#sessions.clear()
    for (const stored of this.#store.values()) stored.received = stored.told
  }

  wipe(): void {
    this.kill()
    this.#store.clear()
  }

  /** Loses everything, and nobody is told. */
  forget(): void {
    this.#sessions.clear()
    this.#store.clear()
  }

  #answer<A>(answer: () => A | LiveError): Effect.Effect<A, LiveError | RpcClientError> {
    return Effect.suspend(() => {
      const connection = this.#connection
      if (connection === undefined) return Effect.fail(lost())
      const round = Effect.sleep(latency).pipe(
        Effect.andThen(Effect.sync(answer)),
        Effect.tap(() => Effect.sleep(latency)),
        Effect.flatMap((answered) => (answered instanceof LiveError ? Effect.fail(answered) : Effect.succeed(answered)))
      )
      return Effect.raceFirst(Deferred.await(connection), round)
    })
  }

  #start({ size, token, uploadId }: UploadStartRequest): UploadStarted | LiveError {
    if (this.refusing > 0) {
      this.refusing--
      return new LiveError({
        reason: new UploadRejected({ upload: "photo", reason: "tooMany", detail: "later", retryAfter: 500 })
      })
    }
    const known = this.#sessions.get(uploadId) ?? this.#store.get(token ?? "")
    const stored = known ?? { token: `t${this.#tokens++}`, content: new Uint8Array(size), received: 0, told: 0 }
    this.#sessions.set(uploadId, stored)
    this.#store.set(stored.token, stored)
    const received = this.storing === undefined ? stored.received : stored.told
    if (received < stored.received) {
      const more = stored.received
      const tell = Effect.sync(() => this.#tell(() => this.#acknowledge(uploadId, more)))
      this.run(Effect.andThen(Effect.sleep(this.storing ?? 0), tell))
    }
    this.storing = undefined
    stored.told = stored.received
    this.#confirmed.set(uploadId, received)
    return { uploadId, token: stored.token, chunkSize: 64 * 1024, window, received }
  }

  #complete(uploadId: string): UploadCompleted | LiveError {
    const stored = this.#sessions.get(uploadId)
    if (stored === undefined) return new LiveError({ reason: unknown })
    if (stored.received < stored.content.length) this.faults.push("the end came before the whole")
    this.finished = stored.content
    return { uploadId, name: "a", url: "/a", size: stored.content.length, type: "", sha256: "" }
  }

  #sent(frame: Uint8Array): boolean {
    const connection = this.#connection
    if (connection === undefined) return false
    const length = new DataView(frame.buffer).getUint32(0, true)
    const header = JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + length)))
    const { offset, uploadId } = header as { readonly offset: number; readonly uploadId: string }
    const bytes = frame.subarray(4 + length)
    const confirmed = this.#confirmed.get(uploadId) ?? 0
    if (!this.#begun.has(uploadId)) this.faults.push(`${offset} was sent before the start was answered`)
    if (offset < confirmed) this.faults.push(`${offset} was sent, and ${confirmed} were confirmed`)
    if (offset + bytes.length - confirmed > window) this.faults.push(`${offset} is outside of the window`)
    this.#later(connection, () => this.#chunk(uploadId, offset, bytes))
    return true
  }

  #chunk(uploadId: string, offset: number, bytes: Uint8Array): void {
    const stored = this.#sessions.get(uploadId)
    if (stored === undefined)
      return this.#tell(() => this.channel.event({ _tag: "UploadFailed", uploadId, reason: unknown }))
    if (this.losingChunks > 0) return void this.losingChunks--
    if (offset === stored.received) {
      stored.content.set(bytes, offset)
      stored.received += bytes.length
    }
    const { received } = stored
    if (this.losingAcks > 0) return void this.losingAcks--
    stored.told = received
    for (let times = this.doublingAcks-- > 0 ? 2 : 1; times > 0; times--) {
      this.#tell(() => this.#acknowledge(uploadId, received))
    }
  }

  #acknowledge(uploadId: string, received: number): void {
    this.#confirmed.set(uploadId, Math.max(received, this.#confirmed.get(uploadId) ?? 0))
    this.channel.event({ _tag: "UploadReceived", uploadId, received })
  }

  #tell(tell: () => void): void {
    if (this.#connection !== undefined) this.#later(this.#connection, tell)
  }

  /** Over the network, unless the connection is lost meanwhile. */
  #later(connection: object, arrive: () => void): void {
    this.run(
      Effect.andThen(
        Effect.sleep(latency),
        Effect.sync(() => {
          if (this.#connection === connection) arrive()
        })
      )
    )
  }
}

/** As long as a disk takes. */
const slowly = (content: Uint8Array): UploadSource.ReadableSource => ({
  name: "a",
  type: "",
  size: content.length,
  read: (offset, length) => Effect.as(Effect.sleep(15), content.subarray(offset, offset + length))
})

const file = Uint8Array.from({ length: 700_001 }, (_, index) => (index * 31) % 253)

const commands = {
  wait: () => {},
  "wait longer": () => {},
  cut: (server: ScriptedServer) => server.cut(),
  kill: (server: ScriptedServer) => server.kill(),
  wipe: (server: ScriptedServer) => server.wipe(),
  connect: (server: ScriptedServer) => server.connect(),
  "cut shortly": (server: ScriptedServer) => (server.cut(), server.connect()),
  "kill shortly": (server: ScriptedServer) => (server.kill(), server.connect()),
  "lose acknowledgements": (server: ScriptedServer) => void (server.losingAcks = 5),
  "say them twice": (server: ScriptedServer) => void (server.doublingAcks = 3),
  "lose a chunk": (server: ScriptedServer) => void (server.losingChunks = 1),
  "refuse for a while": (server: ScriptedServer) => void (server.refusing = 2),
  "forget everything": (server: ScriptedServer) => server.forget(),
  "store meanwhile": (server: ScriptedServer) => void (server.storing = 0),
  "store slowly": (server: ScriptedServer) => void (server.storing = 10),
  pause: ({ task }: ScriptedServer) => task?.pause(),
  resume: ({ task }: ScriptedServer) => task?.resume()
} as const

type Command = keyof typeof commands

const Commands = Schema.Array(Schema.Literals(Object.keys(commands) as [Command, ...ReadonlyArray<Command>])).check(
  Schema.isMaxLength(30)
)

/** Uploads a file while this happens, and checks what has arrived. */
const play = Effect.fnUntraced(function* (script: ReadonlyArray<Command>) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const server = new ScriptedServer((effect) => void run(effect))
  const task = new UploadTask(
    {
      component: "Album",
      upload: "photo",
      file: UploadSource.open("photo", slowly(file)),
      target: server.target,
      abandoned: () => {},
      report: (defect) => server.faults.push(String(defect))
    },
    { requests: server.requests, uploads: server.channel, isDraining: () => false }
  )
  server.task = task
  task.start((effect) => {
    const fiber = run(effect)
    return () => fiber.interruptUnsafe()
  })
  for (const command of script) {
    yield* TestClock.adjust(command === "wait longer" ? 400 : 25)
    commands[command](server)
    yield* Effect.yieldNow
  }
  server.connect()
  task.resume()
  // Ten minutes: what was lost without a word is asked for after a quarter of one.
  for (let tick = 0; tick < 6000 && !isOver(task.reporter.told); tick++) yield* TestClock.adjust(100)
  assert.deepStrictEqual(server.faults, [])
  assert.strictEqual(task.reporter.told.status, "completed")
  assert.isTrue(Buffer.from(server.finished ?? []).equals(file))
})

it.effect.prop(
  "whatever is lost, the bytes that arrive are those of the file, and no chunk that was confirmed is sent again",
  [Commands],
  ([script]) => play(script),
  { arbitrary: { runs: 60 } }
)

for (const when of ["store meanwhile", "store slowly"] as const) {
  it.effect(`what the server says to have, on the heels of its answer, is not sent again: ${when}`, () =>
    play(["lose acknowledgements", "wait longer", when, "cut shortly", "wait longer"])
  )
}
