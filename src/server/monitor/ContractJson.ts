/** The parts of a contract as JSON, and what is secret in each. Built once for each contract, when it is first needed. */
import * as Exit from "effect/Exit"
import type * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Component from "../../Component.ts"
import type { Json } from "../../Json.ts"
import * as Redaction from "../../Redaction.ts"
import type { PureSchema } from "../../StateCodec.ts"

/** What a message of an instance is. */
export type MessageKind = "action" | "property" | "event"

/** Values of one schema. */
export interface JsonPart {
  /** Undefined for a value that does not fit. */
  readonly encode: (value: unknown) => Json | undefined
  readonly decode: (json: Json) => Exit.Exit<unknown, Schema.SchemaError>
  readonly redaction: Redaction.Redaction
}

const partOf = (schema: Schema.Top): JsonPart => {
  const json = Schema.toCodecJson(schema as PureSchema)
  const encode = Schema.encodeUnknownExit(json)
  return {
    encode: (value) => {
      const encoded = encode(value)
      return Exit.isSuccess(encoded) ? ((encoded.value ?? null) as Json) : undefined
    },
    decode: Schema.decodeUnknownExit(json),
    redaction: Redaction.make(json)
  }
}

/** The parts of one contract. */
export class ContractJson {
  readonly state: JsonPart
  readonly props: JsonPart
  readonly #contract: Component.Any["codec"]["contract"]
  readonly #actions: ReadonlyMap<string, Rpc.AnyWithProps>
  readonly #parts = new Map<string, JsonPart | undefined>()

  constructor({ codec: { contract } }: Component.Any) {
    this.#contract = contract
    this.#actions = new Map((contract.actions ?? []).map((action) => [action._tag, action as Rpc.AnyWithProps]))
    this.state = partOf(Schema.Struct(contract.state))
    this.props = partOf(Schema.Struct(contract.props ?? {}))
  }

  /** The payload of an action or an event, or the value of a property. Undefined when the contract has none of this name. */
  payload(kind: MessageKind, name: string): JsonPart | undefined {
    return this.#part(`${kind} ${name}`, () => {
      if (kind === "action") return this.#actions.get(name)?.payloadSchema
      const schemas = kind === "event" ? this.#contract.events : this.#contract.state
      return schemas?.[name]
    })
  }

  success(action: string): JsonPart | undefined {
    return this.#part(`success ${action}`, () => this.#actions.get(action)?.successSchema)
  }

  error(action: string): JsonPart | undefined {
    return this.#part(`error ${action}`, () => this.#actions.get(action)?.errorSchema)
  }

  #part(name: string, schema: () => Schema.Top | undefined): JsonPart | undefined {
    if (!this.#parts.has(name)) {
      const found = schema()
      this.#parts.set(name, found && partOf(found))
    }
    return this.#parts.get(name)
  }
}

const known = new WeakMap<Component.Any, ContractJson>()

/** The parts of this contract. */
export const of = (component: Component.Any): ContractJson => {
  let parts = known.get(component)
  if (parts === undefined) known.set(component, (parts = new ContractJson(component)))
  return parts
}
