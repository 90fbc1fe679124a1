/**
 * Migrations turn a state of an older version of a contract into one of its current version: a chain of steps, each
 * from one version to the next, each with the schema of the state it takes. A step must stay as it was written for as
 * long as there may be states of its version, in the store or with clients. Nothing here reads or writes the store.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Json } from "./Patch.ts"
import type { Encoded, Fields, StateCodec } from "./StateCodec.ts"

/** Any chain, without its types. */
export interface AnyChain {
  readonly steps: ReadonlyArray<Step>
  /** Throws when it has a gap or does not end at the component's version. A contract without migrations need not import this. */
  readonly check: (component: VersionedComponent) => void
}

/** A component, as far as a chain has to fit it. */
export interface VersionedComponent {
  readonly componentName: string
  readonly version: number
}

/** The step from one version to the next. */
interface Step {
  readonly version: number
  readonly codec: StepCodec
  readonly migrate: (state: never) => unknown
}

/** Both throw for a state that does not fit, and drop the fields that the version does not have. */
interface StepCodec {
  /** From JSON. */
  readonly decode: (state: unknown) => unknown
  /** From the result of the step before, which is decoded already. */
  readonly check: (state: unknown) => unknown
}

/** Migrations that end with a `State`: with all of its fields and no others. */
export interface Chain<out State, out Names = NamesOf<State>> extends AnyChain {
  /** For inference only. */
  readonly "~types": { readonly state: State; readonly names: Names }
}

/** Migrations up to the version `To`; more may follow. */
export interface ChainTo<To extends number, State> extends Chain<State> {
  /** Adds the step from the version reached so far. Its fields describe the result of the step before. */
  readonly from: <F extends Fields, const Next extends object>(
    this: Chain<NoInfer<Schema.Struct<F>["Type"]>>,
    version: To,
    fields: F,
    migrate: (state: Schema.Struct<F>["Type"]) => Next
  ) => ChainTo<Successor<To>, Next>
}

/** All names of a union, not only those that its members share. */
type NamesOf<State> = State extends unknown ? keyof State : never

/** The next number as a literal; beyond a hundred any number, which is left to `check`. */
type Successor<N extends number, Count extends ReadonlyArray<unknown> = []> = number extends N
  ? number
  : Count["length"] extends 100
    ? number
    : Count["length"] extends N
      ? [...Count, unknown]["length"] & number
      : Successor<N, [...Count, unknown]>

/** Why a state cannot be had in the current version. */
export interface Rejection {
  /**
   * `newer`: it is of a later version than the contract. `version`: its version is none, or there is no step from it.
   * `state`: it or the result of a step does not fit the schema of its version, or `migrate` threw.
   */
  readonly reason: "newer" | "version" | "state"
  /** For the log: which step failed. Its `cause` is the schema's error or what `migrate` threw. */
  readonly cause: Error
}

/**
 * Begins a chain with the oldest version that is still accepted. `fields` are the state fields of that version;
 * `migrate` turns a decoded state of it into a decoded state of the next version. It is pure and synchronous.
 */
export const from = <const Version extends number, F extends Fields, const Next extends object>(
  version: Version,
  fields: F,
  migrate: (state: Schema.Struct<F>["Type"]) => Next
): ChainTo<Successor<Version>, Next> => make([makeStep(version, fields, migrate)]) as never

const make = (steps: ReadonlyArray<Step>) => ({
  steps,
  check: (component: VersionedComponent) => check(steps, component),
  from: (...args: Parameters<typeof makeStep>) => make([...steps, makeStep(...args)])
})

const makeStep = (version: number, fields: Fields, migrate: Step["migrate"]): Step => {
  let codec: StepCodec | undefined
  return {
    version,
    get codec() {
      return (codec ??= makeCodec(fields))
    },
    migrate
  }
}

const makeCodec = (fields: Fields): StepCodec => {
  // `Struct({})` returns its input, whatever its fields.
  if (Object.keys(fields).length === 0) return { decode: () => ({}), check: () => ({}) }
  const struct = Schema.Struct(fields)
  return {
    decode: Schema.decodeUnknownSync(Schema.toCodecJson(struct)),
    check: Schema.decodeUnknownSync(Schema.toType(struct))
  }
}

const check = (steps: ReadonlyArray<Step>, component: VersionedComponent): void => {
  steps.forEach(({ version }, index) => {
    const next = steps[index + 1]?.version
    if (!isVersion(version)) {
      throw new Error(
        `"${component.componentName}" has a migration from version ${version}, which is no integer of at least 1. ` +
          "Number the versions of its contract 1, 2, 3 and so on."
      )
    }
    if (next !== undefined && next !== version + 1) {
      throw new Error(
        `"${component.componentName}" has a migration from version ${version} and then one from version ${next}. ` +
          `Add the one from version ${version + 1}, or put them in order.`
      )
    }
    if (next === undefined && component.version !== version + 1) {
      throw new Error(
        `The migrations of "${component.componentName}" lead to version ${version + 1}, and its contract is version ` +
          `${component.version}. Let the one from version ${component.version - 1} be the last, ` +
          "or correct the version of the contract."
      )
    }
  })
}

/** The encoded state of the current version for a stored state of any version. */
export const run = (
  migrations: AnyChain | undefined,
  stored: {
    readonly component: { readonly version: number; readonly codec: { readonly state: StateCodec<unknown> } }
    readonly version: number
    readonly state: Json
  }
): Result.Result<Encoded, Rejection> => {
  const { component, state, version } = stored
  if (!isVersion(version)) {
    return refuse("version", `A stored state is of version ${version}, which is no integer of at least 1. Remove it.`)
  }
  if (version > component.version) {
    return refuse(
      "newer",
      `A stored state is of version ${version}, and the contract is version ${component.version}. ` +
        `Deploy version ${version} again.`
    )
  }
  const steps: Array<Step> = []
  for (let at = version; at < component.version; at++) {
    const step = migrations?.steps.find((step) => step.version === at)
    if (step === undefined) {
      return refuse(
        "version",
        `A stored state is of version ${version}, and there is no migration from version ${at}. ` +
          "Add one from every version that is still stored, or remove the state."
      )
    }
    steps.push(step)
  }
  return convert(steps, component.codec.state, version, state)
}

const convert = (
  steps: ReadonlyArray<Step>,
  codec: StateCodec<unknown>,
  version: number,
  state: Json
): Result.Result<Encoded, Rejection> => {
  let problem = `A stored state of version ${version} does not fit that version. Correct its schema, or remove the state.`
  return Result.try({
    try: () => {
      let value = (steps[0]?.codec ?? codec).decode(object(state) as Encoded)
      steps.forEach(({ migrate, version }, index) => {
        problem = `The migration from version ${version} threw. Let it return a state of version ${version + 1}.`
        const given = migrate(value as never)
        problem = `The migration from version ${version} returned a state that does not fit version ${version + 1}. Correct it.`
        value = steps[index + 1]?.codec.check(object(given)) ?? object(given)
      })
      const encoded = codec.encode(value)
      codec.decode(encoded)
      return encoded
    },
    catch: (cause) => ({ reason: "state", cause: new Error(problem, { cause }) })
  })
}

/** Refuses values that a schema of optional fields alone would accept as a state without fields. */
const object = (state: unknown): object => {
  if (typeof state === "object" && state !== null && !Array.isArray(state) && !Predicate.isPromiseLike(state))
    return state
  throw new TypeError("The state is no object")
}

const isVersion = (version: number): boolean => Number.isInteger(version) && version >= 1

const refuse = (reason: Rejection["reason"], message: string): Result.Result<never, Rejection> =>
  Result.fail({ reason, cause: new Error(message) })
