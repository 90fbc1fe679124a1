/**
 * The session of a page that is being rendered: it begins without a connection, and is parked as one whose client has
 * disconnected, under the same limits. The client of the page takes it up with its token, as any session.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Component from "../../../Component.ts"
import { issueOf } from "../../../ComponentCodec.ts"
import { copy, type Json } from "../../../Json.ts"
import { LiveError, PropsRejected } from "../../../LiveError.ts"
import type { MountRequest } from "../../../LiveProtocol.ts"
import type { Principal } from "../../../Principal.ts"
import type { SsrComponent, SsrData } from "../../../SsrData.ts"
import type { FeedConsumer } from "../../session/ClientFeed.ts"
import type { Rendered, Session } from "../../session/Session.ts"
import type { Sessions } from "../../session/Sessions.ts"
import { RpcEncoder } from "./RpcEncoder.ts"

/** Whom a page is rendered for. */
export interface PageVisitor {
  /** Undefined for an anonymous visitor. */
  readonly principal: Principal | undefined
  /** Where they come from; undefined where that is not known. */
  readonly address: string | undefined
}

/** What is mounted on a page. */
export interface RenderTarget {
  readonly props?: unknown
  readonly key?: string | undefined
  readonly room?: string | undefined
}

/** A session that began without a connection, and its token. */
interface Expected {
  readonly session: Session
  readonly token: string
}

/** The session of one page. */
export class PageSession {
  readonly #sessions: Sessions["Service"]
  readonly #client: FeedConsumer
  #expected: Expected | undefined
  readonly #components: Array<SsrComponent> = []

  constructor(sessions: Sessions["Service"], visitor: PageVisitor) {
    this.#sessions = sessions
    this.#client = new AbsentClient(visitor)
  }

  /** What the page carries: without a session where nothing waits for it. */
  get data(): SsrData {
    const components = [...this.#components]
    if (this.#expected === undefined || this.#expected.session.isOver) return { components }
    return { session: this.#expected.token, components }
  }

  /** Mounts a component, as over the wire. Fails with `CallExpired` when its session has to end for others meanwhile. */
  mount(
    { codec, componentName, version }: Component.Any,
    target: RenderTarget
  ): Effect.Effect<SsrComponent, LiveError> {
    const { key, props = {}, room } = target
    const encoded = codec.encodeProps(props)
    if (Exit.isFailure(encoded)) {
      const reason = new PropsRejected({ component: componentName, issue: issueOf(encoded.cause) })
      return Effect.fail(new LiveError({ reason }))
    }
    const asked = {
      component: componentName,
      version,
      props: copy(encoded.value as Json),
      ...(key === undefined ? {} : { key }),
      ...(room === undefined ? {} : { room })
    }
    // A private instance has its state to be sealed, and a shared one may have what is tracked of its visitor.
    const seal = key === undefined || codec.presence !== undefined
    return Effect.map(this.#ask({ ...asked, seal } as MountRequest), (rendered) => {
      const component = { ...asked, ...rendered }
      this.#components.push(component)
      return component
    })
  }

  #ask(request: MountRequest): Effect.Effect<Rendered, LiveError> {
    return Effect.callback((resume) => {
      const { session } = this.#expect()
      let isAnswered = false
      const pending = session.render(request, {
        answered: (exit) => {
          isAnswered = true
          this.#sessions.holdUnsafe(session)
          resume(exit)
        },
        dropped: () => {}
      })
      // What takes its time counts from its beginning.
      if (!isAnswered) this.#sessions.holdUnsafe(session)
      return Effect.sync(() => pending.cancel())
    })
  }

  /** The session; another one when that has ended in which nothing could be mounted. */
  #expect(): Expected {
    if (this.#expected?.session.isOver === true && this.#components.length === 0) this.#expected = undefined
    if (this.#expected !== undefined) return this.#expected
    const session = this.#sessions.expectUnsafe(this.#client)
    return (this.#expected = { session, token: this.#sessions.ticketUnsafe(session) })
  }
}

/** A client that is not connected yet. */
class AbsentClient implements FeedConsumer {
  readonly principal: Principal | undefined
  readonly address: string | undefined
  readonly encoder = RpcEncoder

  constructor({ address, principal }: PageVisitor) {
    this.principal = principal
    this.address = address
  }

  schedule(): void {}
  flushNow(): void {}
  replaced(): void {}
}
