/**
 * A component's contract: its name, props, state, actions, events and presence, all Schema, imported by the server and
 * by the browser alike. `Component.Service` makes a class of it, which is also the key of the running instance inside
 * its own behaviour; `toLayer` puts a behaviour into the Context. Nothing here runs a component.
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
import type { Placement } from "./ComponentCodec.ts"
import type { LiveError } from "./LiveError.ts"
import type { ComponentId } from "./LiveId.ts"
import type * as Migration from "./Migration.ts"
import type { Person } from "./Presence.ts"
import type { Principal } from "./Principal.ts"
import * as Redaction from "./Redaction.ts"
import type { Fields, PureSchema } from "./StateCodec.ts"
import type { UploadedFile, UploadPolicies } from "./Upload.ts"

/**
 * Annotates an action that may safely run twice for one call: `Rpc.make("Save", …).annotate(Component.Idempotent,
 * true)`. A call of it is sent again even when the session that would know whether it ran is gone.
 */
export const Idempotent = ComponentCodec.Idempotent

export type { Placement } from "./ComponentCodec.ts"

/**
 * Marks a part of props, state, payloads, results or errors as secret: `password: Component.secret(Schema.String)`.
 * Recordings have `[redacted]` in its place, as they have for a `Schema.Redacted`. Clients get it as before; what a
 * client may not see is for `view`.
 */
export const secret = Redaction.secret

/** The events of a component: one schema per name. */
export type Events = { readonly [name: string]: PureSchema }

/** The value that fields describe. */
export type ValueOf<F extends Fields> = Schema.Struct<F>["Type"]

/** Which members of a room get an event. */
export interface BroadcastOptions {
  /** A room that the instance is in; by default `self.room`. */
  readonly room?: string | undefined
  /** Only the clients of the principal with this id. */
  readonly to?: string | undefined
  /**
   * `sender` leaves out the client whose call is being handled or, outside a call, the clients of a private instance.
   * The instance itself does not get the event either.
   */
  readonly except?: "sender" | undefined
}

/** A running instance, as its own behaviour sees it. */
export interface InstanceContext<Props, State, E extends Events, Metadata = {}> {
  readonly id: ComponentId
  readonly props: Props
  /** The key it was mounted with; undefined for a private instance. */
  readonly key: string | undefined
  /**
   * The room that `broadcast` uses by default: the one the instance was mounted in, or else the first one it has
   * joined.
   */
  readonly room: string | undefined
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: ReadonlyArray<string>
  /**
   * Enters a room: clients that have mounted the instance get the events of the room, and its `on` handlers run for
   * them. Fails with `NotAllowed`, `RoomRejected` or `TooManyRooms`. The instance leaves its rooms when it stops.
   */
  readonly join: (room: string) => Effect.Effect<void, LiveError>
  /** Leaves a room. Does nothing when the instance is not in it. */
  readonly leave: (room: string) => Effect.Effect<void>
  /** How often the behaviour was built before: 0 at first, and one more after each crash. */
  readonly activation: number
  readonly get: Effect.Effect<State>
  readonly set: (state: State) => Effect.Effect<void>
  /**
   * Replaces the state and gives the new one: at once inside a handler, as a message of its own from a background
   * fiber.
   */
  readonly update: (f: (state: State) => State) => Effect.Effect<State>
  /** The state now and after every change. A slow consumer gets the latest state and misses those in between. */
  readonly changes: Stream.Stream<State>
  /**
   * Sends an event to every member of its room, itself included, or, when the instance is in no room, to every client
   * that has mounted it. Fails with `PayloadRejected` when the payload does not fit its schema, and with `NotInRoom`.
   */
  readonly broadcast: <Name extends keyof E & string>(
    event: Name,
    payload: E[Name]["Type"],
    options?: BroadcastOptions
  ) => Effect.Effect<void, LiveError>
  /**
   * The people who have mounted this component in its room or, when the instance is in no room, those who have mounted
   * the instance.
   */
  readonly presence: Effect.Effect<ReadonlyArray<Person<Metadata>>>
  /** The same now and after every change. A slow consumer gets the latest list and misses those in between. */
  readonly presenceChanges: Stream.Stream<ReadonlyArray<Person<Metadata>>>
  /**
   * Sets the presence metadata of a client: of this one, or else of the one whose call is being handled, or of all that
   * have mounted a private instance. Fails with `PayloadRejected` when it does not fit the schema.
   */
  readonly track: (metadata: Metadata, of?: Caller) => Effect.Effect<void, LiveError>
}

/** Any contract, without its types. */
export interface Any {
  readonly key: string
  readonly componentName: string
  readonly version: number
  /** Whether the private state of an anonymous client may go with it when it signs in. */
  readonly adopt: boolean
  readonly codec: ComponentCodec.ComponentCodec
  readonly behavior: Context.Service<never, BehaviorDefinition>
}

/**
 * The handlers of a component: one per action, which may fail with the action's own error or with a `LiveError`, under
 * `on` one for each event of its rooms that it reacts to, and under `uploads` one for each of its uploads. Events are
 * messages in the mailbox like any other; they are dropped when it is full.
 */
export type HandlersFrom<Actions extends Rpc.Any, E extends Events = {}, U extends UploadPolicies = {}> = {
  readonly [Action in Actions as Action["_tag"]]: (
    payload: Rpc.Payload<Action>,
    caller: Caller
  ) => Effect.Effect<Rpc.Success<Action>, Rpc.Error<Action> | LiveError, unknown>
} & {
  readonly on?: {
    readonly [Name in keyof E]?: (
      payload: E[Name]["Type"],
      /** The client whose call broadcast the event; undefined when no call did. */
      caller: Caller | undefined
    ) => Effect.Effect<unknown, LiveError, unknown>
  }
} & ([keyof U] extends [never] ? unknown : { readonly uploads: UploadHandlers<U> })

/**
 * The handlers of uploads: each gets a file that has arrived whole. The client is answered when it has ended; when it
 * fails (`Upload.refuse`), the file is removed.
 */
export type UploadHandlers<U extends UploadPolicies> = {
  readonly [Name in keyof U]: (file: UploadedFile, caller: Caller) => Effect.Effect<unknown, LiveError, unknown>
}

/** Stands in a type error for a handler whose action is not in the contract. */
export interface NoSuchAction<Name> {
  readonly "~noSuchAction": Name
}

/** Handlers are for the actions of the contract, and for no others. */
type NoOtherHandlers<Actions extends Rpc.Any, U extends UploadPolicies, H> = {
  readonly [
    Name in Exclude<keyof H, Actions["_tag"] | "on" | ([keyof U] extends [never] ? never : "uploads")>
  ]: NoSuchAction<Name>
}

/** The handlers of any component, without their types. */
export interface ActionHandlers {
  readonly [action: string]: Handler | { readonly [event: string]: Handler }
}

/** Handles one message. */
export type Handler = (payload: never, caller: never) => Effect.Effect<unknown, unknown, unknown>

type ServicesOf<H> = {
  [Name in keyof H]: H[Name] extends (payload: never, caller: never) => Effect.Effect<unknown, unknown, infer R>
    ? R
    : Name extends "on" | "uploads"
      ? ServicesOf<H[Name]>
      : never
}[keyof H]

/** Gives the part of a state that a principal may see: the state itself, or another value of the same type. Pure. */
export type View<State> = (state: State, principal: Principal | undefined) => State

/** The options of a behaviour; each has a default. */
export interface BehaviorOptions<Migrations extends Migration.AnyChain = Migration.AnyChain, State = never> {
  /** How many messages may wait for one instance (256). */
  readonly mailboxCapacity?: number
  /** How long an instance with a key stays active after the last client left (`maxIdleTime` of `LiveConfig`, an hour). */
  readonly maxIdleTime?: Duration.Input
  /** How long one call may run, from its start, before it is interrupted (5 minutes). */
  readonly callTimeout?: Duration.Input
  /** How long the build may run before it has failed (30 seconds). */
  readonly buildTimeout?: Duration.Input
  /**
   * How long a stopping instance may finish what it has begun; and how long what is interrupted then, or after a crash, may take to end:
   * handlers, background fibers and finalizers. What takes longer is left behind (5 seconds).
   */
  readonly shutdown?: Duration.Input
  /** More than `intensity` crashes (5) `within` a time (30 seconds) make the instance faulted. */
  readonly restart?: { readonly intensity?: number; readonly within?: Duration.Input }
  /**
   * Whether the state is kept in the SnapshotStore (false): read when the instance is activated, written after changes,
   * when it is passivated and when it stops.
   */
  readonly persist?: boolean
  /**
   * Whether anonymous clients may mount it; by default only where there is no `Authentication`. `Authorization.layer({
   * mount })` takes the place of this.
   */
  readonly anonymous?: boolean
  /**
   * Turns states of older versions, from the store or from a client, into states of this version. Without it they are
   * refused.
   */
  readonly migrations?: Migrations
  /**
   * What each client sees of the state; by default all of it. Runs at every change, once for each principal, with its
   * newest claims, and once for all anonymous clients. When it throws, those clients keep what they saw last and see
   * the status `faulted` until it works again.
   */
  readonly view?: View<State>
}

/** A behaviour in the Context: how a server runs a component. */
export interface BehaviorDefinition {
  readonly build: Effect.Effect<ActionHandlers, LiveError, unknown>
  readonly context: Context.Context<never>
  readonly options: BehaviorOptions
}

/** What a server that lists a component requires; the component's `toLayer` provides it. */
export interface BehaviorOf<in out Self> {
  readonly _: unique symbol
  readonly self: (self: Self) => Self
}

/** The running instance of a component with these fields, as its own behaviour sees it. */
type Instance<Props extends Fields, State extends Fields, E extends Events, Metadata extends Fields> = InstanceContext<
  ValueOf<Props>,
  ValueOf<State>,
  E,
  ValueOf<Metadata>
>

/** A component's class: its contract, and the key of the running instance. */
export interface Class<
  Self,
  Name extends string,
  Props extends Fields,
  State extends Fields,
  Actions extends Rpc.Any,
  E extends Events,
  Metadata extends Fields,
  U extends UploadPolicies = {},
  P extends Placement = Placement,
  Key extends string = string,
  W extends string = string
>
  extends
    Context.Key<Self, Instance<Props, State, E, Metadata>>,
    Pick<Context.Service<Self, Instance<Props, State, E, Metadata>>, "context" | "use" | "useSync"> {
  new (_: never): Context.ServiceClass.Shape<`fibra/Component/${Name}`, Instance<Props, State, E, Metadata>>
  readonly componentName: Name
  readonly version: number
  readonly adopt: boolean
  readonly codec: ComponentCodec.ComponentCodec
  readonly behavior: Context.Service<never, BehaviorDefinition>
  /** The state before the server's arrives, computed from the props alone. */
  readonly initial: (props: ValueOf<Props>) => ValueOf<State>
  /** Checks handlers against the contract, and returns them. */
  readonly of: <H extends HandlersFrom<Actions, E, U> & NoOtherHandlers<Actions, U, H>>(handlers: H) => H
  /**
   * Puts a behaviour into the Context. `build` runs once per activation, in the Scope of the instance; when it fails
   * with a `LiveError`, the client that mounts gets that error. Throws when the migrations do not lead to this version.
   *
   * <!-- snippet: examples/counter/CounterLayer.ts#behavior -->
   *
   * ```ts
   * import { Effect } from "effect"
   * import { Counter, LimitReached } from "./Counter.ts"
   *
   * const max = 100
   *
   * export const CounterLayer = Counter.toLayer(
   *   Effect.gen(function* () {
   *     const self = yield* Counter // this instance: id, props, get, set, update, changes, broadcast
   *     return Counter.of({
   *       Increment: Effect.fn("Counter.Increment")(function* ({ by }) {
   *         const { count } = yield* self.get
   *         if (count + by > max) return yield* new LimitReached({ max })
   *         const next = yield* self.update((state) => ({ count: state.count + by }))
   *         if (next.count % 10 === 0) yield* self.broadcast("Milestone", { count: next.count })
   *         return next.count
   *       }),
   *       Reset: () => self.set({ count: 0 })
   *     })
   *   }),
   *   { persist: true } // in the SnapshotStore, which is the memory of the process unless another is provided
   * )
   * ```
   */
  readonly toLayer: <H extends HandlersFrom<Actions, E, U> & NoOtherHandlers<Actions, U, H>, R = never>(
    build: H | Effect.Effect<H, LiveError, R>,
    options?: BehaviorOptions<Migration.Chain<ValueOf<State>>, ValueOf<State>>
  ) => Layer.Layer<BehaviorOf<Self>, never, Exclude<R | ServicesOf<H>, Scope.Scope | Self>>
  readonly "~types": Types<Props, State, Actions, E, Metadata, U, P, Key, W>
}

/** The types of a contract, for inference only. */
export interface Types<
  out Props extends Fields,
  out State extends Fields,
  out Actions extends Rpc.Any,
  out E extends Events,
  out Metadata extends Fields,
  out U extends UploadPolicies = UploadPolicies,
  out P extends Placement = Placement,
  out Key extends string = string,
  out W extends string = string
> {
  readonly props: Props
  readonly state: State
  readonly actions: Actions
  readonly events: E
  readonly metadata: Metadata
  readonly uploads: U
  readonly placement: P
  readonly key: Key
  readonly writable: W
}

/** Any component, with its types. */
export interface Typed<
  Props extends Fields = Fields,
  State extends Fields = Fields,
  Actions extends Rpc.Any = Rpc.Any,
  E extends Events = Events,
  Metadata extends Fields = Fields,
  U extends UploadPolicies = UploadPolicies,
  P extends Placement = Placement,
  Key extends string = string,
  W extends string = string
> extends Any {
  readonly initial: (props: never) => unknown
  readonly "~types": Types<Props, State, Actions, E, Metadata, U, P, Key, W>
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
/** The presence metadata of a component. */
export type Metadata<C extends Typed> = ValueOf<C["~types"]["metadata"]>
/** Where a component may be mounted. */
export type PlacementOf<C extends Typed> = C["~types"]["placement"]
/** The keys of a component. */
export type KeyOf<C extends Typed> = C["~types"]["key"]
/** The policies of a component's uploads, by name. */
export type Uploads<C extends Typed> = C["~types"]["uploads"]
/** The names of the fields that a client may set without an action. */
export type Writable<C extends Typed> = C["~types"]["writable"] & keyof State<C> & string
/** What a server requires to serve a component. */
export type Requirement<C> = C extends { new (_: never): infer _; readonly Identifier: infer Self }
  ? BehaviorOf<Self>
  : never

/**
 * Makes a contract.
 *
 * <!-- snippet: examples/counter/Counter.ts#contract -->
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Rpc } from "effect/rpc"
 * import { Component } from "fibra"
 *
 * export class LimitReached extends Schema.TaggedError<LimitReached>()("LimitReached", { max: Schema.Int }) {}
 *
 * export class Counter extends Component.Service<Counter>()("Counter", {
 *   version: 1,
 *   props: { start: Schema.Int },
 *   state: { count: Schema.Int },
 *   initial: ({ start }) => ({ count: start }),
 *   actions: [
 *     Rpc.make("Increment", { payload: { by: Schema.Int }, success: Schema.Int, error: LimitReached }),
 *     Rpc.make("Reset")
 *   ],
 *   events: { Milestone: Schema.Struct({ count: Schema.Int }) }
 * }) {}
 * ```
 */
export const Service =
  <Self>() =>
  <
    const Name extends string,
    State extends Fields,
    const Actions extends Rpc.Any = never,
    Props extends Fields = {},
    E extends Events = {},
    const Initial extends ValueOf<State> = ValueOf<State>,
    Metadata extends Fields = {},
    const U extends UploadPolicies = {},
    const P extends Placement = Placement,
    Key extends string = string,
    const W extends keyof State & string = never
  >(
    name: Name,
    contract: {
      /** Has to be raised with every change that old clients cannot understand. */
      readonly version?: number
      readonly props?: Props
      readonly state: State
      /** Pure: clients show its result before the server's state arrives. */
      readonly initial: (props: ValueOf<Props>) => Initial
      readonly actions?: ReadonlyArray<Actions>
      readonly events?: E
      /**
       * The fields of the state that a client may set without an action (none). Each value is checked by the schema of
       * its field.
       */
      readonly writable?: ReadonlyArray<W>
      /**
       * For each action listed here, the state as a client expects it after the call. It is shown at once, on top of
       * every change that arrives, until the call is answered. Pure.
       */
      readonly optimistic?: {
        readonly [Tag in Actions["_tag"]]?: (
          state: ValueOf<State>,
          payload: Rpc.Payload<Extract<Actions, { readonly _tag: Tag }>>
        ) => ValueOf<State>
      }
      /** What other clients may know of a client that has mounted it, and its first value, computed from the props. */
      readonly presence?: {
        readonly metadata: Metadata
        readonly initial: (props: ValueOf<Props>, principal: Principal | undefined) => ValueOf<NoInfer<Metadata>>
      }
      /**
       * Whether whoever signs in takes the private state along that the same client had as nobody (false): once, with its
       * state token. Without it, signing in begins anew.
       */
      readonly adopt?: boolean
      /** The files that clients may send it, each with its policy: `photo: Upload.policy({ maxFileSize: "10 MB" })`. */
      readonly uploads?: U
      /**
       * Whether it is mounted with a `key`, and shared by all who give that key, or without one, and private (either).
       * Other mounts do not compile, and are refused with `KeyRejected`.
       */
      readonly placement?: P
      /** Which keys there may be; others are refused with `KeyRejected`. They have 1 to 256 characters in any case. */
      readonly key?: Schema.Codec<string, Key>
    }
  ): Class<Self, Name, Props, State, Actions, E, Metadata, U, P, Key, W> => {
    const service = Context.Service<Self, InstanceContext<ValueOf<Props>, ValueOf<State>, E, ValueOf<Metadata>>>()(
      `fibra/Component/${name}`
    )
    const behavior = Context.Service<BehaviorOf<Self>, BehaviorDefinition>(`fibra/Component/${name}/Behavior`)
    let codec: ComponentCodec.ComponentCodec | undefined
    return Object.defineProperties(service, {
      componentName: { value: name },
      version: { value: contract.version ?? 1 },
      adopt: { value: contract.adopt ?? false },
      codec: { get: () => (codec ??= ComponentCodec.make(name, contract)) },
      behavior: { value: behavior },
      initial: { value: contract.initial },
      of: { value: <H>(handlers: H) => handlers },
      toLayer: {
        value: (build: ActionHandlers | Effect.Effect<ActionHandlers, never, never>, options: BehaviorOptions = {}) => {
          options.migrations?.check({ componentName: name, version: contract.version ?? 1 })
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
