/**
 * One mounted component on the client: the state it was told, what is known of its life, and its calls. It mounts itself
 * whenever there is a connection, anew if it has to, until it is released. It is the synchronous core under `LiveHandle` and the
 * React hook: a view that is a new value exactly when something changed, and listeners.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import type * as Component from "../Component.ts"
import type { ActionCodec } from "../ComponentCodec.ts"
import {
  ContractMismatch,
  Disconnected,
  InstanceStopped,
  LiveError,
  PayloadRejected,
  PropsRejected,
  UnknownAction
} from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { ActionFailure, Mounted, Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import type { ComponentEvent, Subscriber } from "./Router.ts"
import type { Wire } from "./Wire.ts"

/** What there is to show of a component. */
export interface View<State> {
  readonly state: State
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  readonly status: Status | "mounting"
  /** Why it could not be mounted; it is tried again with the next connection. */
  readonly error: LiveError | undefined
}

/** One mounted component. */
export class Replica<C extends Component.Typed> implements Subscriber {
  readonly component: C
  readonly props: Component.Props<C>
  readonly #key: string | undefined
  readonly #wire: Wire
  readonly #unsubscribe: () => void
  readonly #listeners = new Set<() => void>()
  readonly #eventListeners = new Set<(name: string, payload: unknown) => void>()
  #view: View<Component.State<C>>
  #encoded: Encoded | undefined
  #revision = 0
  #componentId: ComponentId | undefined
  #unroute: (() => void) | undefined
  /** Counts connections, so that an answer of an old one is recognised. */
  #connection = 0
  #released = false
  #mounted = Deferred.makeUnsafe<void, LiveError>()

  constructor(component: C, props: Component.Props<C>, key: string | undefined, wire: Wire) {
    this.component = component
    this.props = props
    this.#key = key
    this.#wire = wire
    const state = component.codec.initial(props) as Component.State<C>
    this.#view = { state, connected: false, status: "mounting", error: undefined }
    this.#unsubscribe = wire.subscribe(this)
  }

  /** What there is to show now; the same value until something changes. */
  get view(): View<Component.State<C>> {
    return this.#view
  }

  /** Calls the listener after each change, until the function returned is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Calls the listener with each event of the contract, until the function returned is called. */
  listenToEvents(listener: (name: string, payload: unknown) => void): () => void {
    this.#eventListeners.add(listener)
    return () => void this.#eventListeners.delete(listener)
  }

  /** Waits until it is mounted; fails when the server refuses. */
  mounted(): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { connected, error } = this.#view
      if (error !== undefined) return Effect.fail(error)
      return connected ? Effect.void : Deferred.await(this.#mounted)
    })
  }

  /** Calls an action. Fails with its own typed error or with a `LiveError`; interrupting it interrupts the handler. */
  call(action: string, payload: unknown): Effect.Effect<unknown, unknown> {
    return Effect.suspend(() => {
      const component = this.component.componentName
      const codec = this.component.codec.actions.get(action)
      if (codec === undefined) return Effect.fail(new LiveError({ reason: new UnknownAction({ component, action }) }))
      const encoded = codec.encodePayload(payload)
      if (Exit.isFailure(encoded)) {
        const issue = String(Cause.squash(encoded.cause))
        return Effect.fail(new LiveError({ reason: new PayloadRejected({ action, issue }) }))
      }
      if (this.#view.status !== "mounting") return this.#send(codec, encoded.value)
      return Effect.andThen(
        this.mounted(),
        Effect.suspend(() => this.#send(codec, encoded.value))
      )
    })
  }

  /** Unmounts it, and mounts it no more. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#unsubscribe()
    this.#forget()
    // Calls that wait for the mount wait for nothing now.
    Deferred.doneUnsafe(this.#mounted, Exit.fail(stopped(this.component)))
  }

  connected(): void {
    this.#connection++
    this.#mount(this.#connection)
  }

  closed(): void {
    this.#refused(disconnected("its client is closed"))
  }

  disconnected(): void {
    this.#connection++
    this.#unroute?.()
    this.#unroute = undefined
    this.#componentId = undefined
    if (this.#view.connected) this.#show({ connected: false })
  }

  event(event: ComponentEvent): void {
    switch (event._tag) {
      case "Patched":
        return event.revision > this.#revision ? this.#patch(event.revision, event.patch) : undefined
      case "Snapshot":
        return event.revision < this.#revision ? undefined : void this.#replace(event.revision, event.state as Encoded)
      case "Status":
        return this.#show({ status: event.status })
      case "Event": {
        const payload = this.component.codec.events.get(event.event)?.decode(event.payload)
        if (payload === undefined || Exit.isFailure(payload)) return
        for (const listener of Array.from(this.#eventListeners)) {
          this.#tell(() => listener(event.event, payload.value))
        }
      }
    }
  }

  #mount(connection: number): void {
    const component = this.component.componentName
    const props = this.component.codec.encodeProps(this.props)
    if (Exit.isFailure(props)) {
      const reason = new PropsRejected({ component, issue: String(Cause.squash(props.cause)) })
      return this.#refused(new LiveError({ reason }))
    }
    const ended = this.#wire.expectMount()
    const key = this.#key === undefined ? {} : { key: this.#key }
    this.#wire.run(
      this.#wire.requests.Mount({ component, props: props.value as never, ...key }).pipe(
        Effect.match({
          onSuccess: (mounted) => this.#accept(connection, mounted),
          onFailure: (error) => {
            if (connection === this.#connection && error instanceof LiveError) this.#refused(error)
          }
        }),
        Effect.ensuring(Effect.sync(ended))
      )
    )
  }

  #accept(connection: number, mounted: Mounted): void {
    if (connection !== this.#connection) return
    this.#componentId = mounted.componentId
    if (this.#released) return this.#forget()
    this.#encoded = undefined
    if (!this.#replace(mounted.revision, mounted.state as Encoded)) return
    this.#show({ connected: true, status: mounted.status, error: undefined })
    this.#unroute = this.#wire.route(mounted.componentId, this)
    Deferred.doneUnsafe(this.#mounted, Exit.void)
  }

  #refused(error: LiveError): void {
    if (this.#released) return
    this.#show({ connected: false, status: "mounting", error })
    Deferred.doneUnsafe(this.#mounted, Exit.fail(error))
    this.#mounted = Deferred.makeUnsafe()
  }

  #forget(): void {
    const componentId = this.#componentId
    this.#unroute?.()
    this.#unroute = undefined
    this.#componentId = undefined
    if (componentId !== undefined) this.#wire.run(Effect.ignore(this.#wire.requests.Unmount({ componentId })))
  }

  #patch(revision: number, patch: Patch.Patch): void {
    if (this.#encoded === undefined) return
    try {
      this.#replace(revision, Patch.apply(this.#encoded, patch) as Encoded)
    } catch {
      // Not the state the patch was made for: what is here is worth nothing, and a mount brings all of it.
      this.#forget()
      this.#mount(this.#connection)
    }
  }

  /** Shows the state; false when the contract cannot read it, and then the component is given up. */
  #replace(revision: number, encoded: Encoded): boolean {
    const previous = this.#encoded
    let state: unknown
    try {
      state = this.component.codec.state.decode(
        encoded,
        previous === undefined ? undefined : { from: previous, to: this.#view.state }
      )
    } catch (issue) {
      this.#forget()
      this.#refused(this.#mismatch(issue))
      return false
    }
    this.#encoded = encoded
    this.#revision = revision
    this.#show({ state: state as Component.State<C> })
    return true
  }

  #mismatch(issue: unknown): LiveError {
    const component = this.component.componentName
    return new LiveError({ reason: new ContractMismatch({ component, issue: String(issue) }) })
  }

  #show(change: Partial<View<Component.State<C>>>): void {
    this.#view = { ...this.#view, ...change }
    for (const listener of Array.from(this.#listeners)) this.#tell(listener)
  }

  /** A listener that throws is not to end the connection it heard from. */
  #tell(listener: () => void): void {
    try {
      listener()
    } catch (defect) {
      this.#wire.run(Effect.logError(`A listener of "${this.component.componentName}" failed`, defect))
    }
  }

  #send(codec: ActionCodec, payload: unknown): Effect.Effect<unknown, unknown> {
    const componentId = this.#componentId
    if (this.#released) return Effect.fail(stopped(this.component))
    if (this.#view.error !== undefined) return Effect.fail(this.#view.error)
    if (componentId === undefined) return Effect.fail(disconnected("it is being restored"))
    const request = { componentId, action: codec.tag, payload: (payload ?? null) as never }
    return this.#wire.requests.Call(request).pipe(
      Effect.catch((error) => this.#failure(codec, error)),
      Effect.flatMap((value) => Effect.mapError(codec.decodeSuccess(value), (issue) => this.#mismatch(issue)))
    )
  }

  #failure(codec: ActionCodec, error: LiveError | ActionFailure | RpcClientError): Effect.Effect<never, unknown> {
    switch (error._tag) {
      case "LiveError":
        return Effect.fail(error)
      case "ActionFailure":
        return Effect.flatMap(
          Effect.mapError(codec.decodeError(error.failure), (issue) => this.#mismatch(issue)),
          Effect.fail
        )
      case "RpcClientError":
        return Effect.fail(disconnected(error.message))
    }
  }
}

const stopped = ({ componentName }: Component.Typed): LiveError =>
  new LiveError({ reason: new InstanceStopped({ component: componentName }) })

const disconnected = (detail: string): LiveError => new LiveError({ reason: new Disconnected({ detail }) })
