/** Plays a case against a server, step by step, and checks every message that arrives, whether a step expects it or not. */
import { randomUUID } from "node:crypto"
import { Data, Effect, Exit, Queue, Schema, Scope } from "effect"
import * as JsonProtocol from "../../src/JsonProtocol.ts"
import type { Case, Step } from "./Case.ts"
import * as Connection from "./Connection.ts"
import * as Pattern from "./Pattern.ts"

type Json = Schema.Json
type Message = Connection.Message

/** A case did not go as it is written. */
export class CaseFailed extends Data.TaggedError("CaseFailed")<{
  /** Counted from 1. */
  readonly step: number
  readonly problem: string
  /** The last of what was said. */
  readonly transcript: ReadonlyArray<string>
}> {
  override get message(): string {
    return `step ${this.step}: ${this.problem}\n${this.transcript.map((line) => `    ${line}`).join("\n")}`
  }
}

/** Why a message is none of the protocol; undefined when it is one. */
export type Validate = (message: Message) => string | undefined

/** Against what a case is played. */
export interface Options {
  readonly url: string
  /** Asked for each message the server sends, after the schemas of `JsonProtocol`. */
  readonly validate?: Validate
  readonly onMessage?: (direction: "sent" | "received", message: Json) => void
  /** Makes the server end. */
  readonly drain?: Effect.Effect<unknown>
}

const patience = 20_000
const remembered = 16

const decoders: ReadonlyMap<string, (message: unknown) => unknown> = new Map(
  Object.entries<Schema.Codec<unknown>>(JsonProtocol.serverMessages).map(([type, schema]) => [
    type,
    Schema.decodeUnknownSync(schema, { onExcessProperty: "error" })
  ])
)

const fits: Validate = (message) => {
  const decode = decoders.get(String(message["type"]))
  if (decode === undefined) return `there is no message of the type ${JSON.stringify(message["type"])}`
  try {
    decode(message)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** One connection of a case, and what it was told. */
interface Line {
  readonly name: string
  readonly connection: Connection.Connection
  readonly scope: Scope.Closeable
  /** The revision each component was told to be at. */
  readonly revisions: Map<string, Json>
  /** The frame of the message before. */
  frame: number
}

const fields = (value: Json | undefined): Pattern.Fields => (Pattern.isFields(value) ? value : {})

/** Plays the case; every connection is closed at the end. */
export const run = (case_: Case, options: Options): Effect.Effect<void, CaseFailed> =>
  Effect.scoped(Effect.flatMap(Effect.scope, (scope) => new Play(case_, options, scope).run))

class Play {
  readonly #case: Case
  readonly #options: Options
  readonly #scope: Scope.Scope
  readonly #variables: Pattern.Variables = new Map([["run", randomUUID().slice(0, 8)]])
  readonly #lines = new Map<string, Line>()
  readonly #transcript: Array<string> = []
  #step = 0

  constructor(case_: Case, options: Options, scope: Scope.Scope) {
    this.#case = case_
    this.#options = options
    this.#scope = scope
  }

  get run(): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      for (const step of this.#case.steps) {
        this.#step++
        yield* this.#do(step)
      }
      // What nobody waited for is still to be of the protocol.
      for (const line of this.#lines.values()) {
        for (const arrival of yield* Queue.clear(line.connection.arrivals)) yield* this.#note(line, arrival)
      }
    })
  }

  #fail(problem: string): Effect.Effect<never, CaseFailed> {
    return Effect.fail(new CaseFailed({ step: this.#step, problem, transcript: this.#transcript.slice(-remembered) }))
  }

  #do(step: Step): Effect.Effect<void, CaseFailed> {
    if ("open" in step) return this.#open(step)
    if ("close" in step) return this.#close(step.close)
    if ("drain" in step) return Effect.asVoid(this.#options.drain ?? this.#fail("this server cannot be ended"))
    return Effect.flatMap(this.#line(step.on), (line) => {
      if ("send" in step) return this.#send(line, step.send)
      if ("sendPart" in step) return this.#sendPart(line, step.sendPart, step.bytes ?? "")
      if ("sendText" in step) return this.#sendText(line, step.sendText, step.binary ?? false)
      if ("expect" in step) return this.#expect(line, step)
      if ("await" in step) return this.#await(line, step.await, step.within)
      if ("inAnyOrder" in step) return this.#inAnyOrder(line, step.inAnyOrder)
      if ("nothing" in step) return this.#nothing(line, step.nothing)
      return this.#closed(line, step.closed)
    })
  }

  #line(name = "a"): Effect.Effect<Line, CaseFailed> {
    const line = this.#lines.get(name)
    return line === undefined ? this.#fail(`the connection "${name}" was not opened`) : Effect.succeed(line)
  }

  #fill(template: Json): Effect.Effect<Json, CaseFailed> {
    return Effect.try({ try: () => Pattern.fill(template, this.#variables), catch: String }).pipe(
      Effect.catch((problem) => this.#fail(problem))
    )
  }

  #match(pattern: Json, message: Json): Effect.Effect<string | undefined, CaseFailed> {
    return Effect.try({ try: () => Pattern.match(pattern, message, this.#variables), catch: String }).pipe(
      Effect.catch((problem) => this.#fail(problem))
    )
  }

  #open(step: Extract<Step, { open: string }>): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      const { open: name, refused } = step
      const scope = yield* Scope.fork(this.#scope)
      const [query, headers] = [yield* this.#fill(step.query ?? {}), yield* this.#fill(step.headers ?? {})]
      this.#say(name, ">", `connects ${JSON.stringify(query)}`)
      const opening = yield* Connection.open({
        url: this.#options.url,
        query: query as Readonly<Record<string, string>>,
        headers: headers as Readonly<Record<string, string>>
      }).pipe(Scope.provide(scope), Effect.exit)
      if (Exit.isFailure(opening)) {
        const { detail, status } = yield* Effect.flip(opening).pipe(Effect.orDie)
        if (status === refused) return
        return yield* this.#fail(`the connection was refused: ${detail}`)
      }
      if (refused !== undefined) return yield* this.#fail(`the connection was let in; expected HTTP ${refused}`)
      const line: Line = { name, connection: opening.value, scope, revisions: new Map(), frame: 0 }
      this.#lines.set(name, line)
      yield* this.#expect(line, { expect: { $allOf: [{ type: "CONNECTION_ESTABLISHED" }, step.expect ?? {}] } })
    })
  }

  #close(name: string): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      const { connection, scope } = yield* this.#line(name)
      this.#say(name, ">", "closes")
      yield* connection.close
      const line = yield* this.#line(name)
      for (const arrival of yield* Queue.clear(connection.arrivals)) yield* this.#note(line, arrival)
      this.#lines.delete(name)
      yield* Scope.close(scope, Exit.void)
    })
  }

  #send(line: Line, template: Json): Effect.Effect<void, CaseFailed> {
    return Effect.flatMap(this.#fill(template), (message) => {
      for (const one of Array.isArray(message) ? (message as ReadonlyArray<Json>) : [message]) {
        this.#options.onMessage?.("sent", one)
      }
      const text = JSON.stringify(message)
      this.#say(line.name, ">", text)
      return line.connection.send(text, false)
    })
  }

  #sendText(line: Line, template: Json, binary: boolean): Effect.Effect<void, CaseFailed> {
    return Effect.flatMap(this.#fill(template), (filled) => {
      const text = typeof filled === "string" ? filled : JSON.stringify(filled)
      this.#say(line.name, ">", text)
      return line.connection.send(binary ? Buffer.from(text) : text, binary)
    })
  }

  #sendPart(line: Line, template: Json, bytes: string): Effect.Effect<void, CaseFailed> {
    return Effect.flatMap(this.#fill(template), (filled) => {
      const header = Buffer.from(JSON.stringify(filled))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(header.length)
      this.#say(line.name, ">", `binary ${header.toString()} ${bytes}`)
      return line.connection.send(Buffer.concat([length, header, Buffer.from(bytes)]), true)
    })
  }

  #expect(line: Line, step: Omit<Extract<Step, { expect: Json }>, "on">): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      const { expect, frame, within } = step
      for (;;) {
        const before = line.frame
        const { passable, ...arrived } = yield* this.#next(line, `${JSON.stringify(expect)}`, within)
        const problem = yield* this.#match(expect, arrived.message)
        if (problem === undefined) {
          const framing = arrived.isArray ? "array" : "object"
          if (frame === "same" && arrived.frame !== before) return yield* this.#fail("it came in a frame of its own")
          if (frame !== undefined && frame !== "same" && frame !== framing) {
            return yield* this.#fail(`it came as an ${framing}; expected an ${frame}`)
          }
          return
        }
        if (!passable) return yield* this.#fail(`${problem}\n  in ${JSON.stringify(arrived.message)}`)
      }
    })
  }

  #await(line: Line, pattern: Json, within: number | undefined): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const { message } = yield* this.#next(line, JSON.stringify(pattern), within)
        if ((yield* this.#match(pattern, message)) === undefined) return
      }
    })
  }

  #inAnyOrder(line: Line, patterns: ReadonlyArray<Json>): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      const open = [...patterns]
      next: while (open.length > 0) {
        const { message, passable } = yield* this.#next(line, open.map((one) => JSON.stringify(one)).join(" or "))
        const problems: Array<string> = []
        for (const [index, pattern] of open.entries()) {
          const problem = yield* this.#match(pattern, message)
          if (problem === undefined) {
            open.splice(index, 1)
            continue next
          }
          problems.push(problem)
        }
        if (!passable) return yield* this.#fail(`${problems.join("; ")}\n  in ${JSON.stringify(message)}`)
      }
    })
  }

  #nothing(line: Line, milliseconds: number): Effect.Effect<void, CaseFailed> {
    const untilSomething = Effect.gen({ self: this }, function* () {
      for (;;) {
        const { message, passable } = yield* this.#next(line, "nothing", Infinity)
        if (!passable) return yield* this.#fail(`expected nothing, got ${JSON.stringify(message)}`)
      }
    })
    return Effect.asVoid(Effect.timeoutOption(untilSomething, milliseconds))
  }

  #closed(line: Line, code: number): Effect.Effect<void, CaseFailed> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const arrival = yield* this.#take(line, `the end, with ${code}`, patience)
        if (arrival._tag !== "Closed") continue
        this.#lines.delete(line.name)
        if (arrival.code === code) return
        return yield* this.#fail(`the connection was closed with ${arrival.code}; expected ${code}`)
      }
    })
  }

  #next(line: Line, expected: string, within = patience) {
    return Effect.flatMap(this.#take(line, expected, within), (arrival) => {
      if (arrival._tag === "Closed") {
        return this.#fail(`the connection was closed with ${arrival.code}; expected ${expected}`)
      }
      if (arrival._tag === "Fault") return this.#fail(arrival.problem)
      const passable = this.#isPassable(line, arrival.message)
      this.#remember(line, arrival.message)
      line.frame = arrival.frame
      return Effect.succeed({ ...arrival, passable })
    })
  }

  /** The next arrival, checked. */
  #take(line: Line, expected: string, within: number): Effect.Effect<Connection.Arrival, CaseFailed> {
    const taken = Effect.tap(Queue.take(line.connection.arrivals), (arrival) => this.#note(line, arrival))
    if (within === Infinity) return taken
    return Effect.timeoutOrElse(taken, {
      duration: within,
      orElse: () => this.#fail(`nothing came within ${within} ms; expected ${expected}`)
    })
  }

  #note(line: Line, arrival: Connection.Arrival): Effect.Effect<void, CaseFailed> {
    if (arrival._tag === "Fault") return this.#fail(arrival.problem)
    if (arrival._tag === "Closed") return Effect.sync(() => this.#say(line.name, "<", `closed with ${arrival.code}`))
    const { message } = arrival
    this.#say(line.name, "<", JSON.stringify(message))
    this.#options.onMessage?.("received", message)
    const problem = fits(message) ?? this.#options.validate?.(message)
    return problem === undefined
      ? Effect.void
      : this.#fail(`a message is none of the protocol: ${problem}\n  in ${JSON.stringify(message)}`)
  }

  /** A newly signed state comes when it does; and what the case says may come. */
  #isPassable(line: Line, message: Message): boolean {
    const { ignore = [], strict = false } = this.#case
    if (ignore.some((pattern) => Pattern.match(pattern, message, new Map(this.#variables)) === undefined)) return true
    const { componentId, payload, revision, type } = message
    return (
      !strict &&
      type === "STATE_UPDATE" &&
      fields(payload)["signedState"] !== undefined &&
      revision !== undefined &&
      line.revisions.get(String(componentId)) === revision
    )
  }

  #remember(line: Line, message: Message): void {
    const result = fields(message["result"])
    const revision = message["revision"] ?? result["revision"]
    const id = result["componentId"] ?? result["newComponentId"] ?? message["componentId"]
    if (revision !== undefined && typeof id === "string") line.revisions.set(id, revision)
  }

  #say(name: string, direction: "<" | ">", what: string): void {
    this.#transcript.push(`${name} ${direction} ${what.length > 400 ? `${what.slice(0, 400)} …` : what}`)
  }
}
