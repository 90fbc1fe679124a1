/**
 * Takes what a contract marks as secret out of what the devtools keep and show. What cannot be told apart is taken out as a whole:
 * values of a component whose contract is not known.
 */
import type * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type { Replica } from "../client/Replica.ts"
import type * as Component from "../Component.ts"
import { fieldOf } from "../FieldTag.ts"
import { isContainer, isList, type Json, read } from "../Json.ts"
import type { Op, Patch } from "../Patch.ts"
import * as Presence from "../Presence.ts"
import * as Redaction from "../Redaction.ts"
import { isPresenceId } from "../ServerMessages.ts"

type Contract = Component.Typed["codec"]["contract"]

/** A component on the page, or one that was. */
export type ShownComponent = Pick<Replica<Component.Typed>, "component" | "view">

/** An index in a list stands for all beyond it: only tuples have elements of different schemas. */
const lastIndex = 32

const hidden = Redaction.placeholder

/** What is secret in the messages of one page. */
export class Secrecy {
  readonly #mounted: () => Iterable<ShownComponent>
  readonly #byName = new Map<string, Component.Typed>()
  readonly #byId = new Map<string, Component.Typed>()
  readonly #parts = new WeakMap<Component.Typed, Map<string, Redaction.Redaction | undefined>>()

  /** `mounted` gives the components on the page. */
  constructor(mounted: () => Iterable<ShownComponent>) {
    this.#mounted = mounted
  }

  /** The component of this id was mounted as this. */
  learn(id: string, name: string): void {
    const component = this.#named(name)
    if (component !== undefined) this.#byId.set(id, component)
  }

  /** The name of the component of this id; the id itself, where that is not known. */
  nameOf(id: string): string {
    return this.#withId(id)?.componentName ?? id
  }

  props(name: string, json: Json): Json {
    return this.#redact(this.#named(name), "props", json)
  }

  /** The state that is shown of a component, as JSON. */
  shown({ component, view }: ShownComponent): Json {
    return this.#redact(component, "state", component.codec.state.encode(view.state as never))
  }

  /** The same of its presence list. */
  people({ component, view }: ShownComponent): Json {
    const { presence } = component.codec
    if (presence === undefined) return []
    return this.#redact(component, "presence", presence.people.encode({ people: view.presence }))
  }

  /** A state, or a presence list. */
  state(id: string, json: Json): Json {
    return this.#redact(this.#withId(id), partOf(id), json)
  }

  patch(id: string, patch: Patch): Json {
    const redaction = this.#part(this.#withId(id), partOf(id))
    return patch.map((op) => (redaction === undefined ? bare(op) : visible(op, redaction))) as Json
  }

  payload(id: string, action: string, json: Json): Json {
    return this.#redact(this.#withId(id), `action ${action}`, json)
  }

  success(id: string, action: string, json: Json): Json {
    return this.#redact(this.#withId(id), `success ${action}`, json)
  }

  error(id: string, action: string, json: Json): Json {
    return this.#redact(this.#withId(id), `error ${action}`, json)
  }

  /** An event of a component or, without its id, of a room: that of any component which has one of this name. */
  event(id: string | undefined, name: string, json: Json): Json {
    if (id !== undefined) return this.#redact(this.#withId(id), `event ${name}`, json)
    this.#look()
    const all = Array.from(this.#byName.values()).filter(({ codec }) => codec.events.has(name))
    if (all.length === 0) return hidden
    return all.reduce<Json>((value, component) => this.#redact(component, `event ${name}`, value), json)
  }

  #look(): void {
    for (const { component, view } of this.#mounted()) {
      this.#byName.set(component.componentName, component)
      if (view.componentId !== undefined) this.#byId.set(view.componentId, component)
    }
  }

  #named(name: string): Component.Typed | undefined {
    if (!this.#byName.has(name)) this.#look()
    return this.#byName.get(name)
  }

  #withId(id: string): Component.Typed | undefined {
    if (isPresenceId(id)) {
      const place = id.slice(1)
      const [name = "", room] = place.split(" ", 2)
      return room === undefined ? this.#withId(place) : this.#named(name)
    }
    if (!this.#byId.has(id)) this.#look()
    return this.#byId.get(id)
  }

  #redact(component: Component.Typed | undefined, part: string, json: Json): Json {
    const redaction = this.#part(component, part)
    return redaction === undefined ? hidden : redaction.redact(json)
  }

  #part(component: Component.Typed | undefined, part: string): Redaction.Redaction | undefined {
    if (component === undefined) return undefined
    let parts = this.#parts.get(component)
    if (parts === undefined) this.#parts.set(component, (parts = new Map()))
    if (!parts.has(part)) {
      const schema = schemaOf(component.codec.contract, part)
      parts.set(part, schema && Redaction.make(Schema.toCodecJson(schema)))
    }
    return parts.get(part)
  }
}

const partOf = (id: string): string => (isPresenceId(id) ? "presence" : "state")

const schemaOf = (contract: Contract, part: string): Schema.Top | undefined => {
  const [kind = "", ...names] = part.split(" ")
  const name = names.join(" ")
  if (kind === "state") return Schema.Struct(contract.state)
  if (kind === "props") return Schema.Struct(contract.props ?? {})
  if (kind === "presence") return Schema.Struct(Presence.fields(contract.presence?.metadata ?? {}))
  if (kind === "event") return contract.events?.[name]
  // A writable field is set by a call of its own.
  const field = fieldOf(name)
  if (field !== undefined) return kind === "action" ? contract.state[field] : Schema.Void
  const action = (contract.actions as ReadonlyArray<Rpc.AnyWithProps> | undefined)?.find(({ _tag }) => _tag === name)
  if (kind === "action") return action?.payloadSchema
  return kind === "success" ? action?.successSchema : action?.errorSchema
}

/** A step without its values. */
const bare = (op: Op): unknown => {
  switch (op[0]) {
    case "set":
    case "append":
      return [op[0], op[1], hidden]
    case "splice":
      return [op[0], op[1], op[2], op[3], op[4].map(() => hidden)]
    case "unset":
      return op
  }
}

/** A step with the values that are not secret. */
const visible = (op: Op, redaction: Redaction.Redaction): unknown => {
  switch (op[0]) {
    case "set":
    case "append":
      return [op[0], op[1], at(op[1], op[2], redaction)]
    case "splice": {
      const items = at(op[1], op[4], redaction)
      return [op[0], op[1], op[2], op[3], isList(items) ? items : op[4].map(() => hidden)]
    }
    case "unset":
      return op
  }
}

/** What is shown of a value that is somewhere in a whole: the rest of the whole does not matter. */
const at = (path: Op[1], value: Json, redaction: Redaction.Redaction): Json => {
  const steps = path.map((step) => (typeof step === "number" ? Math.min(step, lastIndex) : step))
  const whole = steps.reduceRight<Json>(
    (inner, step) =>
      typeof step === "number" ? [...Array.from({ length: step }, () => null), inner] : { [step]: inner },
    value
  )
  let found: Json | undefined = redaction.redact(whole)
  for (const step of steps) {
    if (!isContainer(found)) return hidden
    found = isList(found) ? found[Number(step)] : read(found, String(step))
  }
  return found ?? null
}
