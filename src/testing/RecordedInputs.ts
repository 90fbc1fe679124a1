/**
 * What a recording gives to the handlers, decoded by the contract: props, states, payloads and callers, with values of
 * the test in the place of the secrets that were taken out.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Component from "../Component.ts"
import type { Json } from "../Json.ts"
import type { Principal } from "../Principal.ts"
import { placeholder } from "../Redaction.ts"
import type { Encoded } from "../StateCodec.ts"
import * as Thrown from "../Thrown.ts"
import * as ContractJson from "../server/monitor/ContractJson.ts"
import * as Recording from "../server/monitor/Recording.ts"
import { ClientInfo } from "../server/sync/ClientInfo.ts"
import { ReplayLacksSecrets } from "./ReplayError.ts"

/** Values as JSON, by the names that `ReplayLacksSecrets` gives. */
export interface SuppliedSecrets {
  readonly [name: string]: Json
}

/** What a recording gives to the handlers. */
export class RecordedInputs {
  readonly props: unknown
  readonly #component: Component.Any
  readonly #contract: ContractJson.ContractJson
  readonly #secrets: SuppliedSecrets
  readonly #clients = new Map<string, ClientInfo>()
  /** Names of secrets that the test has no values for. */
  readonly #missing = new Set<string>()
  /** The first part that does not fit the contract. */
  #issue: string | undefined

  constructor(recording: Recording.Recording, component: Component.Any, secrets: SuppliedSecrets) {
    this.#component = component
    this.#contract = ContractJson.of(component)
    this.#secrets = secrets
    this.props = this.#decode(this.#contract.props, recording.props, "props")
    for (const message of recording.messages) {
      this.payload(message)
      this.client(message)
    }
  }

  /** Fails when something is missing, or does not fit. */
  get complete(): Effect.Effect<void, ReplayLacksSecrets | Recording.RecordingRejected> {
    return Effect.suspend((): Effect.Effect<void, ReplayLacksSecrets | Recording.RecordingRejected> => {
      const names = Array.from(this.#missing)
      if (names.length > 0) return Effect.fail(new ReplayLacksSecrets({ names }))
      const issue = this.#issue
      return issue === undefined ? Effect.void : Effect.fail(new Recording.RecordingRejected({ issue }))
    })
  }

  /** A state with its secrets. */
  state(state: Json): Json {
    return this.#fill(this.#contract.state, state, "state")
  }

  /** A state without its secrets. */
  redact(state: Json): Json {
    return this.#contract.state.redaction.redact(state)
  }

  decodeState(state: Json): unknown {
    return this.#component.codec.state.restore(state as Encoded)
  }

  payload({ kind, name, payload }: Recording.RecordedMessage): unknown {
    if (kind !== "action" && kind !== "event" && kind !== "property") return undefined
    const part = this.#contract.payload(kind, name)
    return part === undefined || payload === undefined ? undefined : this.#decode(part, payload, name)
  }

  /** The same object for each message of one client. */
  client({ caller }: Recording.RecordedMessage): ClientInfo | undefined {
    if (caller === undefined) return undefined
    const { connection, principal } = caller
    let client = this.#clients.get(connection)
    if (client === undefined) {
      client = new ClientInfo(principal && this.#principal(principal), connection)
      this.#clients.set(connection, client)
    }
    return client
  }

  #principal({ claims, id }: NonNullable<Recording.RecordedCaller["principal"]>): Principal {
    if (claims === undefined) return { id }
    const supplied = Object.entries(claims).map(([name, value]) => [name, this.#supply(value, `claims.${name}`)])
    return { id, claims: Object.fromEntries(supplied) as NonNullable<Principal["claims"]> }
  }

  #decode(part: ContractJson.JsonPart, json: Json, name: string): unknown {
    const exit = part.decode(this.#fill(part, json, name))
    if (Exit.isSuccess(exit)) return exit.value
    this.#issue ??= `${name}: ${Thrown.describe(Cause.squash(exit.cause))}`
    return undefined
  }

  #fill({ redaction }: ContractJson.JsonPart, value: Json, name: string): Json {
    return redaction.replace(value, name, (secret, name) => this.#supply(secret, name))
  }

  #supply(value: Json, name: string): Json {
    if (value !== placeholder) return value
    if (Object.hasOwn(this.#secrets, name)) return this.#secrets[name] as Json
    this.#missing.add(name)
    return value
  }
}
