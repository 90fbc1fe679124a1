/**
 * How a component comes to life when its session is not there: from the newest token there is, if the server takes it, or else
 * anew. What was asked on a connection that was lost is asked again under the same id, so that it is done once.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import type * as Component from "../Component.ts"
import { LiveError, PropsRejected } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { Mounted } from "../LiveProtocol.ts"
import * as TimeLimit from "../TimeLimit.ts"
import type { ClientConnection } from "./ClientConnection.ts"

/** How a component came to its state: with its session, from its token, or anew. */
export type ActivationKind = "resumed" | "rehydrated" | "mounted"

/** What a component is mounted with. */
export interface MountTarget {
  /** Names the instance everyone shares who gives this key. */
  readonly key?: string | undefined
  /** Names the room a private instance is to be in. */
  readonly room?: string | undefined
  /** Names the place of its state in the StateCache. */
  readonly cacheKey?: string | undefined
  /** What to do when its token is of a later version than the server: mount anew, or wait for another server. */
  readonly whenNewer?: "mount" | "wait" | undefined
}

/** How far it came. */
export interface MountResult {
  readonly mounted: Mounted
  readonly activation: ActivationKind
}

/** How long whoever leaves waits for the server to say what is left. */
const patience = Duration.seconds(1)

/** How long a page waits for the token that another one has got for its own. */
const overtaking = Duration.millis(250)

/** What was asked, and whether it may have been done. */
interface Asked {
  readonly callId: number
  readonly session: number
  readonly token: string | undefined
}

/** The ladder of one component. */
export class Mounter {
  readonly #component: Component.Typed
  readonly #props: unknown
  readonly #mounting: MountTarget
  readonly #connection: ClientConnection
  /** The newest token; undefined for none. */
  #token: string | undefined
  /** Whether the StateCache has been looked into. */
  #looked = false
  #asked: Asked | undefined
  /** Whether the answer may still come. */
  #asking = false
  #released = false

  constructor(component: Component.Typed, props: unknown, mounting: MountTarget, connection: ClientConnection) {
    this.#component = component
    this.#props = props
    this.#mounting = mounting
    this.#connection = connection
  }

  /** Mounts as much of the state as there is; undefined when the connection was lost over it. */
  readonly mount: Effect.Effect<MountResult | undefined, LiveError> = Effect.suspend(() => {
    const props = this.#component.codec.encodeProps(this.#props)
    if (Exit.isSuccess(props)) return this.#mountWith(props.value as Mounted["state"])
    const component = this.#component.componentName
    return Effect.fail(
      new LiveError({ reason: new PropsRejected({ component, issue: String(Cause.squash(props.cause)) }) })
    )
  })

  /** There is a newer token. */
  sealed(token: string): void {
    this.#token = token
    const label = this.#label
    if (label !== undefined) this.#connection.keep(this.#connection.tokens.set(label, token))
  }

  /** Nobody wants it any more: what was asked on a connection that is lost is not asked again. */
  release(): void {
    this.#released = true
    if (this.#asked !== undefined && !this.#asking) this.#settle(this.#asked)
  }

  /** Unmounts, and keeps the token of the state that is left; `left` waits for that. */
  leave(componentId: ComponentId): Effect.Effect<void> {
    const token = Effect.matchCause(this.#connection.requests.Unmount({ componentId }), {
      onSuccess: ({ token }) => {
        if (token !== undefined) this.#token = token
        return token
      },
      onFailure: () => undefined
    })
    const label = this.#label
    return label === undefined ? Effect.asVoid(token) : this.#connection.tokens.fill(label, token)
  }

  /** Waits until the token of the state that was left is kept, but not for long. */
  get left(): Effect.Effect<void> {
    const label = this.#label
    if (label === undefined) return Effect.void
    return Effect.asVoid(TimeLimit.timeoutOption(this.#connection.tokens.get(label), patience))
  }

  /** What its token is kept under, if it is. A shared component has none: its state is everyone's. */
  get #label(): { readonly component: string; readonly key: string } | undefined {
    const { cacheKey, key } = this.#mounting
    if (cacheKey === undefined || key !== undefined) return undefined
    return { component: this.#component.componentName, key: cacheKey }
  }

  #mountWith(props: Mounted["state"]): Effect.Effect<MountResult | undefined, LiveError> {
    const again = this.#asked
    if (again !== undefined && again.session === this.#connection.session()) return this.#ask(props, again)
    if (again !== undefined) this.#settle(again)
    return Effect.flatMap(this.#look(), () => {
      const begin = Effect.suspend(() =>
        this.#released
          ? Effect.undefined
          : this.#ask(props, {
              callId: this.#connection.ids.next(),
              session: this.#connection.session(),
              token: this.#token
            })
      )
      // A token is spent once: it is not let out of hand before the session can be asked for again.
      return this.#token === undefined ? begin : Effect.andThen(this.#connection.established, begin)
    })
  }

  /** Looks once for a token that outlived an earlier client. */
  #look(): Effect.Effect<void> {
    const label = this.#label
    if (this.#looked || label === undefined) return Effect.void
    return Effect.map(this.#connection.tokens.get(label), (token) => {
      this.#looked = true
      this.#token ??= token
    })
  }

  #ask(props: Mounted["state"], asked: Asked): Effect.Effect<MountResult | undefined, LiveError> {
    const { componentName: component, version } = this.#component
    const { callId, token } = asked
    const { requests } = this.#connection
    const { key, room } = this.#mounting
    const request = { component, version, props, ...(room === undefined ? {} : { room }), callId }
    this.#asked = asked
    const answer: Effect.Effect<Mounted, LiveError | RpcClientError> =
      token === undefined
        ? requests.Mount({
            ...request,
            ...(key === undefined ? {} : { key }),
            ...(this.#label === undefined ? {} : { seal: true })
          })
        : requests.Rehydrate({ ...request, token })
    return Effect.suspend(() => {
      const ended = this.#connection.expectMount()
      this.#asking = true
      return Effect.ensuring(
        answer,
        Effect.sync(() => {
          this.#asking = false
          ended()
        })
      )
    }).pipe(
      // A defect is an answer too, and would be the same again.
      Effect.tapDefect(() => Effect.sync(() => this.#settle(asked))),
      Effect.matchEffect({
        onSuccess: (mounted) => {
          this.#settle(asked)
          return Effect.succeed<MountResult>({ mounted, activation: token === undefined ? "mounted" : "rehydrated" })
        },
        onFailure: (error) => {
          // What became of it is known on the next connection.
          if (error._tag === "RpcClientError") {
            if (this.#released) this.#settle(asked)
            return Effect.undefined
          }
          this.#settle(asked)
          // It was done and is not known any more: what it made went with that.
          if (error.reason._tag === "CallExpired") return this.#mountWith(props)
          // The next server takes it.
          if (error.reason._tag === "Draining") return Effect.undefined
          return this.#refused(props, error, token)
        }
      })
    )
  }

  #refused(
    props: Mounted["state"],
    error: LiveError,
    token: string | undefined
  ): Effect.Effect<MountResult | undefined, LiveError> {
    if (error.reason._tag !== "TokenRejected" || token === undefined) return Effect.fail(error)
    const { reason } = error.reason
    if (reason === "newer" && this.#mounting.whenNewer === "wait") return Effect.fail(error)
    this.#token = undefined
    const label = this.#label
    if (label === undefined) return this.#mountWith(props)
    // Another page of the same browser may have spent it, and is about to put a newer one in its place.
    const isOvertaken = reason === "spent" || reason === "stale"
    return Effect.sleep(isOvertaken ? overtaking : Duration.zero).pipe(
      Effect.andThen(this.#connection.tokens.get(label)),
      Effect.tap((kept) => (kept === token ? this.#connection.tokens.forget(label, token) : Effect.void)),
      Effect.flatMap((kept) => {
        if (kept !== token) this.#token = kept
        return this.#mountWith(props)
      })
    )
  }

  #settle({ callId }: Asked): void {
    this.#connection.ids.settle(callId)
    this.#asked = undefined
  }
}
