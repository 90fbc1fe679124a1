/**
 * One connection, as the fronts see it: which instances it has mounted, its calls, and what it has to be told. What a client
 * names is looked up here and nowhere else, so an id of another connection is as good as none.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { LiveError, NotAllowed, PayloadRejected, TooManyComponents, UnknownAction } from "../LiveError.ts"
import type { ConnectionId } from "../LiveId.ts"
import type { CallRequest, Mounted, MountRequest } from "../LiveProtocol.ts"
import type { Batch } from "./ChangeLog.ts"
import type { Held, Instances } from "./Instances.ts"
import { type Outcome, outcomeOf, refused } from "./Outcome.ts"
import type { Reader, ReaderSink } from "./Reader.ts"

interface Mount extends Held {
  readonly reader: Reader
  /** How often this connection has mounted it; a shared instance may be several times on one page. */
  times: number
}

const noop = (): void => {}

/** Who collects what a session has to say. */
export interface Collector {
  /** There is something to collect. */
  readonly schedule: () => void
}

/** What all sessions of a server share. */
export interface SessionHost {
  readonly instances: Instances["Service"]
  readonly maxComponents: number
}

/** One connection. */
export class Session implements ReaderSink {
  readonly connectionId: ConnectionId
  readonly #host: SessionHost
  readonly #connection: Collector
  readonly #mounts = new Map<string, Mount>()
  #behind: Array<Reader> = []
  /** Mounts, those under way included. */
  #times = 0
  #closed = false

  constructor(connectionId: ConnectionId, host: SessionHost, connection: Collector) {
    this.connectionId = connectionId
    this.#host = host
    this.#connection = connection
  }

  /** Mounts a component for this connection; nothing else is said of it until `announce`. */
  mount(request: MountRequest): Effect.Effect<Mounted, LiveError> {
    return Effect.suspend(() => {
      if (this.#times >= this.#host.maxComponents) {
        return Effect.fail(
          new LiveError({ reason: new TooManyComponents({ limit: this.#host.maxComponents, of: "connection" }) })
        )
      }
      this.#times++
      return Effect.uninterruptibleMask((restore) =>
        restore(this.#host.instances.hold(request)).pipe(
          Effect.flatMap((held) => this.#keep(held)),
          Effect.onError(() => Effect.sync(() => this.#times--))
        )
      )
    })
  }

  /** The answer to the mount is on its way; changes may follow it. */
  announce(componentId: string): void {
    this.#mounts.get(componentId)?.reader.announce()
  }

  /** Takes back one mount; the last one lets go of the instance. */
  unmount(componentId: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const mount = this.#mounts.get(componentId)
      if (mount === undefined) return Effect.fail(notMounted("Unmounting", componentId))
      this.#times--
      if (--mount.times > 0) return Effect.void
      this.#mounts.delete(componentId)
      mount.instance.leave(mount.reader)
      if (this.isBehind) this.#behind = this.#behind.filter((reader) => reader !== mount.reader)
      return Effect.asVoid(Effect.forkDetach(this.#host.instances.release(mount), { startImmediately: true }))
    })
  }

  /** Hands a call to its instance; `resume` is called once, and not at all when the call is cancelled. */
  call(request: CallRequest, resume: (outcome: Outcome) => void): () => void {
    const { action, componentId, payload } = request
    const mount = this.#mounts.get(componentId)
    if (mount === undefined) {
      resume({ _tag: "Refused", error: notMounted(`Calling "${action}"`, componentId) })
      return noop
    }
    const { cell, served } = mount.instance
    const component = served.component.componentName
    const codec = served.component.codec.actions.get(action)
    if (codec === undefined) {
      resume(refused(new UnknownAction({ component, action })))
      return noop
    }
    // An action without payload is `Void`, whose JSON form is null.
    const decoded = codec.decodePayload(payload === undefined ? null : payload)
    if (Exit.isFailure(decoded)) {
      resume(refused(new PayloadRejected({ action, issue: String(Cause.squash(decoded.cause)) })))
      return noop
    }
    return cell.send(action, decoded.value, undefined, (exit) => resume(outcomeOf(mount.instance, action, exit)))
  }

  /** What this connection has to be told; a reader with nothing to say is left out. */
  collect(): ReadonlyArray<Batch> {
    if (this.#behind.length === 0) return []
    const readers = this.#behind
    this.#behind = []
    const batches: Array<Batch> = []
    for (const reader of readers) {
      const batch = reader.take()
      if (batch !== undefined) batches.push(batch)
    }
    return batches
  }

  /** Whether there is something to collect. */
  get isBehind(): boolean {
    return this.#behind.length > 0
  }

  /** Lets go of every instance; calls that have begun go on without an asker. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      const mounts = [...this.#mounts.values()]
      this.#mounts.clear()
      this.#behind = []
      for (const { instance, reader } of mounts) instance.leave(reader)
      return Effect.forEach(mounts, (mount) => this.#host.instances.release(mount), {
        concurrency: "unbounded",
        discard: true
      })
    })
  }

  readerWoke(reader: Reader): void {
    this.#behind.push(reader)
    if (this.#behind.length === 1) this.#connection.schedule()
  }

  #keep(held: Held): Effect.Effect<Mounted, LiveError> {
    const { instance } = held
    const { release } = this.#host.instances
    if (this.#closed) return Effect.andThen(release(held), Effect.interrupt)
    const existing = this.#mounts.get(instance.id)
    if (existing !== undefined) {
      existing.times++
      // The answer overtakes what this connection has not read yet, so what it reads next has to be whole.
      existing.reader.startOver()
      return Effect.as(release(held), instance.snapshot())
    }
    const reader = instance.read(this)
    this.#mounts.set(instance.id, { instance, scope: held.scope, reader, times: 1 })
    return Effect.succeed(instance.snapshot())
  }
}

const notMounted = (what: string, componentId: string): LiveError =>
  new LiveError({ reason: new NotAllowed({ what: `${what} on "${componentId.slice(0, 64)}"` }) })
