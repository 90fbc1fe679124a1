/**
 * Every codec of one component, built once: props, state, payloads, results and events, between their types and JSON.
 * Decoding and encoding give exits, so that a caller on the hot path needs no effect to run them.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { tagOf } from "./FieldTag.ts"
import { Freezer, LOOSE } from "./Frozen.ts"
import { assertText, textOf } from "./Json.ts"
import type { Json } from "./Patch.ts"
import * as Presence from "./Presence.ts"
import type { Principal } from "./Principal.ts"
import * as Thrown from "./Thrown.ts"
import * as StateCodec from "./StateCodec.ts"
import * as StrictDecoder from "./StrictDecoder.ts"
import type { UploadPolicies, UploadPolicy } from "./Upload.ts"

/** Annotates an action that may safely run twice for one call. */
export const Idempotent = Context.Reference<boolean>("fibra/Component/Idempotent", { defaultValue: () => false })

/** Decodes or encodes one value. */
export type Convert = (value: unknown) => Exit.Exit<unknown, Schema.SchemaError>

/** The codecs of one action. */
export interface ActionCodec {
  readonly tag: string
  /** Whether it may be sent again when it is not known whether it ran. */
  readonly idempotent: boolean
  /** Whether it has no payload. */
  readonly takesNothing: boolean
  /** The state that a client shows until the call is answered, from decoded values. */
  readonly reduce: ((state: unknown, payload: unknown) => unknown) | undefined
  readonly decodePayload: Convert
  readonly encodePayload: Convert
  readonly decodeSuccess: Convert
  readonly encodeSuccess: Convert
  readonly decodeError: Convert
  readonly encodeError: Convert
}

/** The codecs of one event. */
export interface EventCodec {
  readonly decode: Convert
  readonly encode: Convert
}

/** Metadata of a client as it was when it was tracked: nobody can change it later, or make it impossible to send. */
export interface Tracked {
  readonly metadata: unknown
  readonly encoded: Json
}

/** The codecs of presence. */
export interface PresenceCodec {
  readonly people: StateCodec.StateCodec<{ readonly people: ReadonlyArray<Presence.Person> }>
  /** Checks the metadata of a client, and keeps it as it is now; throws when it has no JSON form. */
  readonly track: (metadata: unknown) => Exit.Exit<Tracked, Schema.SchemaError>
  /** Decodes metadata that was kept. */
  readonly restore: (encoded: Json) => Exit.Exit<Tracked, Schema.SchemaError>
  /** The first metadata of a client, from decoded props. */
  readonly initial: (props: unknown, principal: Principal | undefined) => unknown
}

/** The codecs of one component. */
export interface ComponentCodec {
  /** What the codecs are built from. */
  readonly contract: Contract
  readonly decodeProps: Convert
  readonly encodeProps: Convert
  /** The first state, from decoded props. */
  readonly initial: (props: unknown) => unknown
  readonly state: StateCodec.StateCodec<unknown>
  readonly actions: ReadonlyMap<string, ActionCodec>
  readonly events: ReadonlyMap<string, EventCodec>
  /** The fields that a client may set without an action: the codecs of the calls that do. */
  readonly writable: ReadonlyMap<string, ActionCodec>
  /** Undefined when the contract does not declare presence. */
  readonly presence: PresenceCodec | undefined
  /** The files that clients may send. */
  readonly uploads: ReadonlyMap<string, UploadPolicy>
  /** Whether it is mounted without a key, or with one; undefined for either. */
  readonly placement: Placement | undefined
  /** Checks a key; undefined when the contract says nothing of keys. */
  readonly checkKey: Convert | undefined
}

/** Where a component may run: one instance for each mount, or one for each key. */
export type Placement = "private" | "shared"

/** What the codecs are built from. */
export interface Contract {
  readonly props?: StateCodec.Fields
  readonly state: StateCodec.Fields
  readonly initial: (props: never) => unknown
  readonly actions?: ReadonlyArray<Rpc.Any>
  readonly events?: { readonly [name: string]: StateCodec.PureSchema }
  readonly writable?: ReadonlyArray<string>
  readonly optimistic?: object
  readonly presence?: {
    readonly metadata: StateCodec.Fields
    readonly initial: (props: never, principal: Principal | undefined) => unknown
  }
  readonly uploads?: UploadPolicies
  readonly placement?: Placement
  readonly key?: Schema.Codec<string, string>
}

/** Builds the codecs of a component; throws when the contract contradicts itself. */
export const make = (name: string, contract: Contract): ComponentCodec => {
  const actions = new Map<string, ActionCodec>()
  const reducers = (contract.optimistic ?? {}) as { readonly [action: string]: ActionCodec["reduce"] }
  for (const action of (contract.actions ?? []) as ReadonlyArray<Rpc.AnyWithProps>) {
    if (actions.has(action._tag)) {
      throw new Error(`"${name}" declares the action "${action._tag}" twice. Rename one.`)
    }
    if (action._tag === "on" || action._tag === "uploads") {
      throw new Error(
        `"${name}" declares the action "${action._tag}", a name reserved for ${reserved[action._tag]}. Rename it.`
      )
    }
    actions.set(action._tag, actionCodec(action, reducers[action._tag]))
  }
  if (contract.placement === "private" && contract.key !== undefined) {
    throw new Error(`"${name}" is private and says what its keys are. Leave out \`key\`, or make its placement shared.`)
  }
  const props = propsCodec(contract.props ?? {})
  return {
    contract,
    decodeProps: props.decode,
    encodeProps: props.encode,
    initial: contract.initial as (props: unknown) => unknown,
    state: StateCodec.make(contract.state),
    actions,
    writable: new Map((contract.writable ?? []).map((field) => [field, writeCodec(name, field, contract, actions)])),
    events: new Map(Object.entries(contract.events ?? {}).map(([event, schema]) => [event, codec(schema)])),
    presence: contract.presence === undefined ? undefined : presenceCodec(contract.presence),
    uploads: new Map(Object.entries(contract.uploads ?? {})),
    placement: contract.placement,
    checkKey: contract.key === undefined ? undefined : codec(contract.key).decode
  }
}

const reserved = { on: "events", uploads: "uploads" } as const

const writeCodec = (
  name: string,
  field: string,
  { state }: Contract,
  actions: ComponentCodec["actions"]
): ActionCodec => {
  const tag = tagOf(field)
  if (actions.has(tag)) {
    throw new Error(`"${name}" declares the action "${tag}", and "${field}" is writable. Rename the action.`)
  }
  const schema = Object.hasOwn(state, field) ? state[field] : undefined
  if (schema === undefined) {
    throw new Error(`"${name}" lists "${field}" as writable, and its state has no such field. Correct the name.`)
  }
  return actionCodec(Rpc.make(tag, { payload: schema }), undefined)
}

const presenceCodec = ({ initial, metadata }: NonNullable<Contract["presence"]>): PresenceCodec => {
  const { decode, encode } = codec(Schema.Struct(metadata))
  const freezer = new Freezer()
  const restore = (encoded: Json) => Exit.map(decode(encoded), (metadata) => ({ metadata, encoded }))
  return {
    people: StateCodec.make(Presence.fields(metadata)),
    track: (given) => {
      const fixity = freezer.freeze(given)
      const exit = encode(given)
      if (Exit.isFailure(exit)) return Exit.failCause(exit.cause)
      assertText(exit.value)
      if (fixity !== LOOSE) return Exit.succeed({ metadata: given, encoded: exit.value as Json })
      // What is sent and what the server keeps must not depend on something that can still be changed.
      return restore(JSON.parse(textOf(exit.value)))
    },
    restore,
    initial: initial as PresenceCodec["initial"]
  }
}

/** Unknown fields are refused, not dropped: a client that sends them has another contract. */
const codec = (schema: Schema.Top): EventCodec => {
  const json = Schema.toCodecJson(schema as StateCodec.PureSchema)
  return {
    decode: StrictDecoder.make(json),
    encode: Schema.encodeUnknownExit(json)
  }
}

/**
 * `Struct({})` accepts any object, and props without fields have to refuse unknown ones. They are the same object for all
 * mounts.
 */
const propsCodec = (fields: StateCodec.Fields): EventCodec => {
  if (Object.keys(fields).length > 0) return codec(Schema.Struct(fields))
  const { decode, encode } = codec(Schema.Record(Schema.String, Schema.Never))
  return { decode: (value) => Exit.map(decode(value), () => noProps), encode }
}

const noProps = Object.freeze({})

const actionCodec = (action: Rpc.AnyWithProps, reduce: ActionCodec["reduce"]): ActionCodec => {
  const payload = codec(action.payloadSchema)
  const success = codec(action.successSchema)
  const error = codec(action.errorSchema)
  return {
    tag: action._tag,
    idempotent: Context.get(action.annotations, Idempotent),
    takesNothing: SchemaAST.isVoid(action.payloadSchema.ast),
    reduce,
    decodePayload: payload.decode,
    encodePayload: payload.encode,
    decodeSuccess: success.decode,
    encodeSuccess: success.encode,
    decodeError: error.decode,
    encodeError: error.encode
  }
}

/** What is wrong with a value, for those who sent it. They are not told what a schema threw that failed by itself. */
export const issueOf = (cause: Cause.Cause<unknown>): string => {
  const failure = cause.reasons.find(Cause.isFailReason)
  return failure === undefined ? "it could not be checked" : Thrown.describe(failure.error)
}

/** An encoded value as JSON, in which `undefined` becomes null. */
export const toJson = (value: unknown): Json => (value === undefined ? null : (value as Json))
