/**
 * Mounts one component when its session is not there any more: from its newest token, if the server accepts it, and
 * otherwise anew. A request that was under way when the connection was lost is sent again under the same id, so it is
 * done once.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import * as Thrown from "../Thrown.ts"
import type * as Component from "../Component.ts"
import { LiveError, PropsRejected } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { Mounted } from "../LiveProtocol.ts"
import * as TimeLimit from "../TimeLimit.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import { issueOf } from "./LargeRequests.ts"
import { died } from "./ReplicaError.ts"

/** How a component was activated: with its session, from its token, or anew. */
export type ActivationKind = "resumed" | "rehydrated" | "mounted"

/** What a component is mounted with. */
export interface MountTarget {
  /** Names the instance shared by everyone who gives this key. */
  readonly key?: string | undefined
  /** The room of a private instance. */
  readonly room?: string | undefined
  /** Names the entry of its token in the StateCache. */
  readonly cacheKey?: string | undefined
  /** Tells the entries of several users apart. */
  readonly userId?: string | undefined
  /** Whether the state is kept in the StateCache, too, to be shown before the server answers. */
  readonly fallbackToLocal?: boolean | undefined
  /** What to do when its token is of a later version than the server: mount anew, or wait for a newer server. */
  readonly whenNewer?: "mount" | "wait" | undefined
  /** Runs a mount that somebody waits for: its requests are children of their span, until it is mounted. */
  readonly within?: (<A, E>(mounting: Effect.Effect<A, E>) => Effect.Effect<A, E>) | undefined
}

/** A component that was mounted. */
export interface MountResult {
  readonly mounted: Mounted
  readonly activation: ActivationKind
}

/** How long an unmount may take to return the last token. */
const patience = Duration.seconds(1)

/**
 * How often a page looks whether another page of the same browser has stored the token that it has received, and how many
 * times: two seconds, for a browser whose processes have much to do.
 */
const overtaking = { spacing: Duration.millis(100), times: 20 }

/** A request that was sent, and may have been done. */
interface Asked {
  readonly callId: number
  readonly session: number
  readonly token: string | undefined
}

/** Mounts one component, as often as it has to be. */
export class Mounter {
  readonly #component: Component.Typed
  readonly #props: unknown
  readonly #mounting: MountTarget
  readonly #connection: ClientConnection
  readonly #accept: (result: MountResult) => void
  /** The newest token; undefined for none. */
  #token: string | undefined
  /** The newest token of what was tracked of this client in a shared instance. */
  #presence: string | undefined
  /** Whether the StateCache was asked for a token. */
  #looked = false
  #asked: Asked | undefined
  /** Whether the answer may still come on this connection. */
  #asking = false
  #released = false
  /** As long as somebody waits. */
  #within: MountTarget["within"]

  /** `accept` takes what was mounted, in the moment in which it is known: events that follow it may be there already. */
  constructor(
    component: Component.Typed,
    props: unknown,
    mounting: MountTarget,
    connection: ClientConnection,
    accept: (result: MountResult) => void
  ) {
    this.#component = component
    this.#props = props
    this.#mounting = mounting
    this.#within = mounting.within
    this.#connection = connection
    this.#accept = accept
  }

  /** Mounts the component; ends with nothing mounted when the connection was lost meanwhile. */
  readonly mount: Effect.Effect<void, LiveError> = Effect.suspend(() => {
    const props = this.#component.codec.encodeProps(this.#props)
    if (Exit.isSuccess(props)) {
      const mounting = this.#mountWith(props.value as Mounted["state"])
      return this.#within === undefined ? mounting : this.#within(mounting)
    }
    const component = this.#component.componentName
    return Effect.fail(
      new LiveError({ reason: new PropsRejected({ component, issue: Thrown.describe(Cause.squash(props.cause)) }) })
    )
  })

  /** Whether its token is stored, for the next page. */
  get isKept(): boolean {
    return this.#label !== undefined
  }

  /** The server sent a newer token. */
  sealed(token: string): void {
    if (this.#mounting.key !== undefined) {
      this.#presence = token
      return
    }
    this.#token = token
    const label = this.#label
    if (label !== undefined) this.#connection.keep(this.#connection.tokens.set(label, token))
  }

  /** The component is not wanted any more: a request that was lost with its connection is not sent again. */
  release(): void {
    this.#released = true
    if (this.#asked !== undefined && !this.#asking) this.#settle(this.#asked)
  }

  /** Unmounts, and stores the token of the last state; `left` waits for that. */
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

  /** Waits a short time until the token of the last state is stored. */
  get left(): Effect.Effect<void> {
    const label = this.#label
    if (label === undefined) return Effect.void
    return Effect.asVoid(TimeLimit.timeoutOption(this.#connection.tokens.get(label), patience))
  }

  /** The entry of its token in the StateCache; undefined without a `cacheKey`, and for a shared component. */
  get #label(): { readonly component: string; readonly key: string } | undefined {
    const { cacheKey, key, userId } = this.#mounting
    if (cacheKey === undefined || key !== undefined) return undefined
    const { componentName: component } = this.#component
    return { component, key: userId === undefined ? cacheKey : JSON.stringify(["user", userId, cacheKey]) }
  }

  #mountWith(props: Mounted["state"]): Effect.Effect<void, LiveError> {
    const again = this.#asked
    const overweight = again === undefined ? undefined : this.#connection.largeRequests.overweight(again.callId)
    if (again !== undefined && overweight !== undefined) {
      this.#settle(again)
      const { componentName: component } = this.#component
      return Effect.fail(new LiveError({ reason: new PropsRejected({ component, issue: issueOf(overweight) }) }))
    }
    if (again !== undefined && again.session === this.#connection.session()) return this.#ask(props, again)
    if (again !== undefined) this.#lose(again)
    return Effect.flatMap(this.#look(), () => {
      const begin = Effect.suspend(() => {
        if (this.#released) return Effect.undefined
        const callId = this.#connection.ids.next()
        if (again !== undefined) this.#connection.largeRequests.rename(again.callId, callId)
        return this.#ask(props, { callId, session: this.#connection.session(), token: this.#token })
      })
      // A token can be used once, so it is not sent before the session can be resumed.
      return this.#token === undefined ? begin : Effect.andThen(this.#connection.established, begin)
    })
  }

  /** Asks the StateCache once for the token of an earlier client. */
  #look(): Effect.Effect<void> {
    const label = this.#label
    if (this.#looked || label === undefined) return Effect.void
    return Effect.map(this.#connection.tokens.get(label), (token) => {
      this.#looked = true
      this.#token ??= token
    })
  }

  #ask(props: Mounted["state"], asked: Asked): Effect.Effect<void, LiveError> {
    const { componentName: component, version } = this.#component
    const { callId, token } = asked
    const { requests } = this.#connection
    const { key, room } = this.#mounting
    const isPresent = key !== undefined && this.#component.codec.presence !== undefined
    const request = { component, version, props, ...(room === undefined ? {} : { room }), callId }
    this.#asked = asked
    const answer: Effect.Effect<Mounted, LiveError | RpcClientError> =
      token === undefined
        ? requests.Mount({
            ...request,
            ...(key === undefined ? {} : { key }),
            ...(this.#label === undefined && !isPresent ? {} : { seal: true }),
            ...(this.#presence === undefined ? {} : { presence: this.#presence })
          })
        : requests.Rehydrate({ ...request, token })
    // What fails apart from this is a defect of the client.
    const heard = Effect.catchDefect(answer, (defect) => Effect.fail(died(component, defect)))
    return Effect.suspend(() => {
      const ended = this.#connection.expectMount()
      this.#asking = true
      return Effect.ensuring(
        Effect.map(heard, (mounted) => {
          this.#settle(asked)
          this.#within = undefined
          this.#accept({ mounted, activation: token === undefined ? "mounted" : "rehydrated" })
        }),
        Effect.sync(() => {
          this.#asking = false
          ended()
          if (this.#released && this.#asked === asked) this.#settle(asked)
        })
      )
    }).pipe(
      Effect.tapDefect(() => Effect.sync(() => this.#settle(asked))),
      Effect.catch((error) => {
        // The next connection tells whether it was done.
        if (error._tag === "RpcClientError") return Effect.void
        this.#settle(asked)
        // It was done and is not known any more: the instance went with its session.
        if (error.reason._tag === "CallExpired") return this.#mountWith(props)
        // The next server is asked instead.
        if (error.reason._tag === "Draining") return Effect.void
        return this.#refused(props, error, token)
      })
    )
  }

  #refused(props: Mounted["state"], error: LiveError, token: string | undefined): Effect.Effect<void, LiveError> {
    if (error.reason._tag !== "TokenRejected" || token === undefined) return Effect.fail(error)
    const { reason } = error.reason
    if (reason === "newer" && this.#mounting.whenNewer === "wait") return Effect.fail(error)
    this.#token = undefined
    const label = this.#label
    if (label === undefined) return this.#mountWith(props)
    // Another page of the same browser may have used it, and is about to store a newer one.
    const isOvertaken = reason === "spent" || reason === "stale"
    const now = this.#connection.tokens.get(label)
    const later = Effect.gen(function* () {
      let kept: string | undefined = token
      for (let time = 0; time < overtaking.times && kept === token; time++) {
        kept = yield* Effect.delay(now, overtaking.spacing)
      }
      return kept
    })
    return (isOvertaken ? later : now).pipe(
      Effect.tap((kept) => (kept === token ? this.#connection.tokens.forget(label, token) : Effect.void)),
      Effect.flatMap((kept) => {
        if (kept !== token) this.#token = kept
        return this.#mountWith(props)
      })
    )
  }

  #settle({ callId }: Asked): void {
    this.#connection.largeRequests.forget(callId)
    this.#lose({ callId })
  }

  /** Its session is gone, and it with that: it is asked anew. */
  #lose({ callId }: Pick<Asked, "callId">): void {
    this.#connection.ids.settle(callId)
    this.#asked = undefined
  }
}
