/** What a file of cases may say. `README.md` explains it to people; this is what the files are decoded with. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"

/** The connection a step is about: `a` unless it says another. */
const on = { on: Schema.optionalKey(Schema.NonEmptyString) }

const Query = Schema.Record(Schema.String, Schema.Json)

/** Connects. Without `refused` the first message has to be CONNECTION_ESTABLISHED, and fit `expect`. */
const Open = Schema.Struct({
  open: Schema.NonEmptyString,
  query: Schema.optionalKey(Query),
  headers: Schema.optionalKey(Query),
  expect: Schema.optionalKey(Schema.Json),
  /** The HTTP status that is answered instead of a handshake. */
  refused: Schema.optionalKey(Schema.Int)
})

/** Sends one frame: JSON, or any text, or bytes. */
const Send = Schema.Struct({ send: Schema.Json, ...on })
const SendText = Schema.Struct({ sendText: Schema.Json, binary: Schema.optionalKey(Schema.Boolean), ...on })

/** Sends a binary frame with a part of a file: its header, and its bytes as a text. */
const SendPart = Schema.Struct({ sendPart: Schema.Json, bytes: Schema.optionalKey(Schema.String), ...on })

/** The next message fits. */
const Expect = Schema.Struct({
  expect: Schema.Json,
  /** How it came: alone in a frame, in an array, or in the frame of the message before it. */
  frame: Schema.optionalKey(Schema.Literals(["object", "array", "same"])),
  /** Milliseconds. */
  within: Schema.optionalKey(Schema.Natural),
  ...on
})

/** A message comes that fits; what comes before it is passed over. */
const Await = Schema.Struct({ await: Schema.Json, within: Schema.optionalKey(Schema.Natural), ...on })

/** The next messages fit these, in any order. */
const InAnyOrder = Schema.Struct({ inAnyOrder: Schema.Array(Schema.Json), ...on })

/** No message comes for so many milliseconds. */
const Nothing = Schema.Struct({ nothing: Schema.Natural, ...on })

/** The client closes its connection, and waits until it is closed. */
const Close = Schema.Struct({ close: Schema.NonEmptyString })

/** The server closes the connection, with this code. */
const Closed = Schema.Struct({ closed: Schema.Int, ...on })

/** The server begins to end. Only for cases that have one of their own. */
const Drain = Schema.Struct({ drain: Schema.Literal(true) })

/** One step of a case. */
export const Step = Schema.Union([
  Open,
  Send,
  SendText,
  SendPart,
  Expect,
  Await,
  InAnyOrder,
  Nothing,
  Close,
  Closed,
  Drain
])
/** One step of a case. */
export type Step = typeof Step.Type

/** A conversation that has to go as it is written. */
const Case = Schema.Struct({
  name: Schema.NonEmptyString,
  /** Nothing is passed over, not even a new `signedState`. */
  strict: Schema.optionalKey(Schema.Boolean),
  /** What may come at any time, and is passed over unless it is expected. */
  ignore: Schema.optionalKey(Schema.Array(Schema.Json)),
  steps: Schema.NonEmptyArray(Step)
})
/** A conversation that has to go as it is written. */
export type Case = typeof Case.Type

/** Limits that a server of the lab has for a file of cases; times are milliseconds. */
const Limits = Schema.Struct({
  maxComponents: Schema.optionalKey(Schema.Int),
  maxKeyed: Schema.optionalKey(Schema.Int),
  rate: Schema.optionalKey(Schema.Int),
  rateBurst: Schema.optionalKey(Schema.Int),
  rateTolerance: Schema.optionalKey(Schema.Int),
  firstMessageTimeout: Schema.optionalKey(Schema.Int),
  maxRooms: Schema.optionalKey(Schema.Int),
  maxPayload: Schema.optionalKey(Schema.Int),
  maxMessages: Schema.optionalKey(Schema.Int),
  maxTokenLength: Schema.optionalKey(Schema.Int),
  roomLog: Schema.optionalKey(Schema.Int),
  linger: Schema.optionalKey(Schema.Int),
  tokenAge: Schema.optionalKey(Schema.Int),
  tokenInterval: Schema.optionalKey(Schema.Int)
})
/** Limits that a server of the lab has for a file of cases. */
export type Limits = typeof Limits.Type

const CaseFile = Schema.Struct({
  about: Schema.NonEmptyString,
  limits: Schema.optionalKey(Limits),
  cases: Schema.NonEmptyArray(Case)
})

/** A file of cases, by its name without the ending. */
export interface CaseFile extends Schema.Schema.Type<typeof CaseFile> {
  readonly name: string
}

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(CaseFile), { onExcessProperty: "error" })

/** The files of a folder, in the order of their names; throws when one cannot be read as what it should be. */
export const load = (folder: string): ReadonlyArray<CaseFile> =>
  globSync("*.json", { cwd: folder })
    .sort()
    .map((file) => {
      try {
        return { name: file.replace(/\.json$/, ""), ...decode(readFileSync(join(folder, file), "utf8")) }
      } catch (error) {
        throw new Error(`${file} is not a file of cases: ${String(error)}. See test/protocol/README.md.`, {
          cause: error
        })
      }
    })
