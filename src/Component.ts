/**
 * A component's contract: its name, props, state, actions, events and presence, all Schema, imported by the server and by the browser
 * alike. `Component.Service` makes a class of it that is also the key of the running instance inside its own behaviour;
 * `toLayer` puts a behaviour into the Context. Nothing here runs a component.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Caller } from "./Caller.ts"
import * as ComponentCodec from "./ComponentCodec.ts"
import type { LiveError } from "./LiveError.ts"
import type { ComponentId } from "./LiveId.ts"
import * as Migration from "./Migration.ts"
import type { Person } from "./Presence.ts"
import type { Principal } from "./Principal.ts"
import type { Fields, PureSchema } from "./StateCodec.ts"

/**
 * Annotates an action that may run twice for one call without harm: `Rpc.make("Save", …).annotate(Component.Idempotent, true)`.
 * A call of it is sent again even when the session that would know whether it ran is gone.
 */
export const Idempotent = ComponentCodec.Idempotent

/** The events of a component: one schema per name. */
export type Events = { readonly [name: string]: PureSchema }

/** The value described by fields. */
export type ValueOf<F extends Fields> = Schema.Struct<F>["Type"]

/** Who gets an event. */
export interface BroadcastOptions {
  /** A room the instance is in; by default `self.room`. */
  readonly room?: string | undefined
  /** Only the clients of the principal of this id. */
  readonly to?: string | undefined
  /**
   * `sender`: not the client whose call is being handled; where no call is, not the clients of a private instance. Nor does the
   * instance hear it itself.
   */
  readonly except?: "sender" | undefined
}

/** One running instance, as its own behaviour sees it. */
export interface InstanceContext<Props, State, E extends Events, Metadata = {}> {
  readonly id: ComponentId
  readonly props: Props
  /** The key it was mounted with; undefined for a private instance. */
  readonly key: string | undefined
  /** The room it speaks in unless it names another: the one it was mounted with, or else the first of those it has joined. */
  readonly room: string | undefined
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: ReadonlyArray<string>
  /**
   * Enters a room: who has mounted the instance gets what is said there, and its `on` handlers hear it. Fails with `NotAllowed`,
   * `RoomRejected` or `TooManyRooms`. It is left when the instance stops.
   */
  readonly join: (room: string) => Effect.Effect<void, LiveError>
  /** Leaves a room; nothing happens when it is not in it. */
  readonly leave: (room: string) => Effect.Effect<void>
  /** How often the behaviour was built before: 0, and one more after each crash. */
  readonly activation: number
  readonly get: Effect.Effect<State>
  readonly set: (state: State) => Effect.Effect<void>
  /** Replaces the state and gives the new one: at once inside a handler, as a message of its own from a background fiber. */
  readonly update: (f: (state: State) => State) => Effect.Effect<State>
  /** The state now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly changes: Stream.Stream<State>
  /**
   * Sends an event to every member of its room, itself included; of an instance in no room, to everyone who has mounted it. Fails
   * with `PayloadRejected` when the payload does not fit its schema, and with `NotInRoom`.
   */
  readonly broadcast: <Name extends keyof E & string>(
    event: Name,
    payload: E[Name]["Type"],
    options?: BroadcastOptions
  ) => Effect.Effect<void, LiveError>
  /** Who is there: those with this component in its room; of an instance in no room, those who have mounted it. */
  readonly presence: Effect.Effect<ReadonlyArray<Person<Metadata>>>
  /** The same now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly presenceChanges: Stream.Stream<ReadonlyArray<Person<Metadata>>>
  /**
   * Says what is to be known of a client in presence: of this one, or else of the one whose call is being handled, or of all that have
   * mounted a private instance. Fails with `PayloadRejected` when it does not fit the schema.
   */
  readonly track: (metadata: Metadata, of?: Caller) => Effect.Effect<void, LiveError>
}

/** What a contract says, without its types. */
export interface Any {
  readonly key: string
  readonly componentName: string
  readonly version: number
  readonly codec: ComponentCodec.ComponentCodec
  readonly behavior: Context.Service<never, BehaviorDefinition>
}

/**
 * The handlers of a component: one per action, which may fail with the action's own error or with a `LiveError`; and under `on`, for
 * the events that are said in its rooms, by it or by others, what it does when it hears them. Those are messages in its mailbox like
 * any other; when it is full they are dropped.
 */
export type HandlersFrom<Actions extends Rpc.Any, E extends Events = {}> = {
  readonly [Action in Actions as Action["_tag"]]: (
    payload: Rpc.Payload<Action>,
    caller: Caller
  ) => Effect.Effect<Rpc.Success<Action>, Rpc.Error<Action> | LiveError, unknown>
} & {
  readonly on?: {
    readonly [Name in keyof E]?: (
      payload: E[Name]["Type"],
      /** Whose call it was said in; undefined when it was in none. */
      caller: Caller | undefined
    ) => Effect.Effect<unknown, LiveError, unknown>
  }
}

/** What a behaviour handles, without its types. */
export interface ActionHandlers {
  readonly [action: string]: Handler | { readonly [event: string]: Handler }
}

/** What handles one message. */
export type Handler = (payload: never, caller: never) => Effect.Effect<unknown, unknown, unknown>

type ServicesOf<H> = {
  [Name in keyof H]: H[Name] extends (payload: never, caller: never) => Effect.Effect<unknown, unknown, infer R>
    ? R
    : Name extends "on"
      ? ServicesOf<H[Name]>
      : never
}[keyof H]

/** What of a state a principal may see: the state itself, or another one that has less in it. Pure. */
export type View<State> = (state: State, principal: Principal | undefined) => State

/** What a behaviour may choose; each has a default. */
export interface BehaviorOptions<Migrations extends Migration.AnyChain = Migration.AnyChain, State = never> {
  /** Messages that may wait for one instance: 256. */
  readonly mailboxCapacity?: number
  /** How long an instance with a key stays active after the last client left: one minute. */
  readonly maxIdleTime?: Duration.Input
  /** How long one call may run, from its start, before it is interrupted: for ever. */
  readonly callTimeout?: Duration.Input
  /** How long a stopping instance may finish what it has begun: 5 seconds. */
  readonly shutdown?: Duration.Input
  /** More than `intensity` crashes (5) `within` a time (30 seconds) make the instance faulted. */
  readonly restart?: { readonly intensity?: number; readonly within?: Duration.Input }
  /**
   * Whether its state is kept in the SnapshotStore: written after changes, when it is passivated and when it stops, and read
   * when it is activated: false.
   */
  readonly persist?: boolean
  /**
   * Whether a client may mount it that the server does not know: only where there is no `Authentication`. `Authorization.layer({ mount })`
   * decides in place of this.
   */
  readonly anonymous?: boolean
  /** What makes a state of an older version, from the store or from a client, one of this version: none, it is refused. */
  readonly migrations?: Migrations
  /**
   * What each client sees of the state: all of it. Run at every change once for each client the server knows, by its newest claims, and
   * once for all others; when it throws, those clients keep what they saw last and are told that the component is faulted, until it works again.
   */
  readonly view?: View<State>
}

/** A behaviour in the Context: what a server needs to run a component. */
export interface BehaviorDefinition {
  readonly build: Effect.Effect<ActionHandlers, LiveError, unknown>
  readonly context: Context.Context<never>
  readonly options: BehaviorOptions
}

/** The requirement of a server that lists a component, fulfilled by that component's `toLayer`. */
export interface BehaviorOf<in out Self> {
  readonly _: unique symbol
  readonly self: (self: Self) => Self
}

/** A component's class: its contract, and the key of the running instance. */
export interface Class<
  Self,
  Name extends string,
  Props extends Fields,
  State extends Fields,
  Actions extends Rpc.Any,
  E extends Events,
  Metadata extends Fields
> extends Context.ServiceClass<
  Self,
  `fibra/Component/${Name}`,
  InstanceContext<ValueOf<Props>, ValueOf<State>, E, ValueOf<Metadata>>
> {
  readonly componentName: Name
  readonly version: number
  readonly codec: ComponentCodec.ComponentCodec
  readonly behavior: Context.Service<never, BehaviorDefinition>
  /** The state before the server's arrives, from the props alone. */
  readonly initial: (props: ValueOf<Props>) => ValueOf<State>
  /** Checks handlers against the contract, and gives them back. */
  readonly of: Context.Service<Self, never>["of"] & (<H extends HandlersFrom<Actions, E>>(handlers: H) => H)
  /**
   * Puts a behaviour into the Context. `build` runs once per activation, in the Scope of the instance; a `LiveError` it fails with is
   * what whoever mounts it gets. Throws when the migrations do not lead to this version.
   */
  readonly toLayer: <H extends HandlersFrom<Actions, E>, R = never>(
    build: H | Effect.Effect<H, LiveError, R>,
    options?: BehaviorOptions<Migration.Chain<ValueOf<State>>, ValueOf<State>>
  ) => Layer.Layer<BehaviorOf<Self>, never, Exclude<R | ServicesOf<H>, Scope.Scope | Self>>
  readonly "~types": Types<Props, State, Actions, E, Metadata>
}

/** The types of a contract, for inference only. */
export interface Types<
  out Props extends Fields,
  out State extends Fields,
  out Actions extends Rpc.Any,
  out E extends Events,
  out Metadata extends Fields
> {
  readonly props: Props
  readonly state: State
  readonly actions: Actions
  readonly events: E
  readonly metadata: Metadata
}

/** Any component, with its types. */
export interface Typed<
  Props extends Fields = Fields,
  State extends Fields = Fields,
  Actions extends Rpc.Any = Rpc.Any,
  E extends Events = Events,
  Metadata extends Fields = Fields
> extends Any {
  readonly initial: (props: never) => unknown
  readonly "~types": Types<Props, State, Actions, E, Metadata>
}

/** The props of a component. */
export type Props<C extends Typed> = ValueOf<C["~types"]["props"]>
/** The state of a component. */
export type State<C extends Typed> = ValueOf<C["~types"]["state"]>
/** The actions of a component, as a union of `Rpc`. */
export type Actions<C extends Typed> = C["~types"]["actions"]
/** The payloads of a component's events, by name. */
export type EventsOf<C extends Typed> = {
  readonly [K in keyof C["~types"]["events"]]: C["~types"]["events"][K]["Type"]
}
/** What is known of those who are present with a component. */
export type Metadata<C extends Typed> = ValueOf<C["~types"]["metadata"]>
/** What a server needs to serve a component. */
export type Requirement<C> = C extends { new (_: never): infer _; readonly Identifier: infer Self }
  ? BehaviorOf<Self>
  : never

/** Makes a contract. */
export const Service =
  <Self>() =>
  <
    const Name extends string,
    State extends Fields,
    const Actions extends Rpc.Any = never,
    Props extends Fields = {},
    E extends Events = {},
    const Initial extends ValueOf<State> = ValueOf<State>,
    Metadata extends Fields = {}
  >(
    name: Name,
    contract: {
      /** Goes up with every change that old clients do not understand. */
      readonly version?: number
      readonly props?: Props
      readonly state: State
      /** Pure: clients show it before the server's state arrives. */
      readonly initial: (props: ValueOf<Props>) => Initial
      readonly actions?: ReadonlyArray<Actions>
      readonly events?: E
      /** The fields of the state that a client may set without an action, each checked by its schema: none. */
      readonly writable?: ReadonlyArray<keyof State & string>
      /**
       * For some actions what the state is going to be, as far as a client can know: it is shown at once, on top of whatever arrives,
       * until the call is answered. Pure.
       */
      readonly optimistic?: {
        readonly [Tag in Actions["_tag"]]?: (
          state: ValueOf<State>,
          payload: Rpc.Payload<Extract<Actions, { readonly _tag: Tag }>>
        ) => ValueOf<State>
      }
      /** What others who are there may know of a client, and what it is at first, from the props it mounts with. */
      readonly presence?: {
        readonly metadata: Metadata
        readonly initial: (props: ValueOf<Props>, principal: Principal | undefined) => ValueOf<NoInfer<Metadata>>
      }
    }
  ): Class<Self, Name, Props, State, Actions, E, Metadata> => {
    const service = Context.Service<Self, InstanceContext<ValueOf<Props>, ValueOf<State>, E, ValueOf<Metadata>>>()(
      `fibra/Component/${name}`
    )
    const behavior = Context.Service<BehaviorOf<Self>, BehaviorDefinition>(`fibra/Component/${name}/Behavior`)
    let codec: ComponentCodec.ComponentCodec | undefined
    return Object.defineProperties(service, {
      componentName: { value: name },
      version: { value: contract.version ?? 1 },
      codec: { get: () => (codec ??= ComponentCodec.make(name, contract)) },
      behavior: { value: behavior },
      initial: { value: contract.initial },
      of: { value: <H>(handlers: H) => handlers },
      toLayer: {
        value: (build: ActionHandlers | Effect.Effect<ActionHandlers, never, never>, options: BehaviorOptions = {}) => {
          Migration.check(options.migrations, { componentName: name, version: contract.version ?? 1 })
          return Layer.effect(
            behavior,
            Effect.contextWith((context) =>
              Effect.succeed({
                build: Effect.isEffect(build) ? build : Effect.succeed(build),
                context,
                options
              })
            )
          )
        }
      }
    }) as never
  }
