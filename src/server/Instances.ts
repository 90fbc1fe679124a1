/**
 * The running components of one server: a private one for each mount, and one for each key, found or activated through the
 * Directory. Who mounted them is the business of the sessions.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Directory from "../actor/Directory.ts"
import type * as Component from "../Component.ts"
import { LiveError, PropsRejected, TooManyComponents, UnknownComponent } from "../LiveError.ts"
import { ComponentId } from "../LiveId.ts"
import type { MountRequest } from "../LiveProtocol.ts"
import * as IdGenerator from "./IdGenerator.ts"
import { Instance } from "./Instance.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as Served from "./Served.ts"

/** An instance, for as long as its holder wants it. */
export interface Held {
  readonly instance: Instance
  /** Holds a keyed instance active; a private one is its only holder's. */
  readonly scope: Scope.Closeable | undefined
}

/** Where a keyed instance is found: props are for its first activation, and not part of the address. */
class Address implements Equal.Equal {
  readonly served: Served.Served
  readonly key: string
  readonly props: unknown

  constructor(served: Served.Served, key: string, props: unknown) {
    this.served = served
    this.key = key
    this.props = props
  }

  [Hash.symbol](): number {
    return Hash.combine(Hash.string(this.key), Hash.string(this.served.component.componentName))
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Address && that.key === this.key && that.served === this.served
  }
}

/** The running components of one server. */
export class Instances extends Context.Service<
  Instances,
  {
    /** Activates a private instance, or finds or activates the one of the key. */
    readonly hold: (request: MountRequest) => Effect.Effect<Held, LiveError>
    /** Lets go: a private instance stops, a keyed one is passivated when nobody has held it for long enough. */
    readonly release: (held: Held) => Effect.Effect<void>
    /** Interrupts whatever is still being done, and stops them all. */
    readonly stopNow: Effect.Effect<void>
    readonly sizeUnsafe: () => number
  }
>()("fibra/server/Instances") {}

/** Runs the instances of these components until the Scope closes. */
export const layer = (components: ReadonlyMap<Component.Any, Component.Behavior>): Layer.Layer<Instances> =>
  Layer.effect(Instances, make(components))

const make = Effect.fnUntraced(function* (components: ReadonlyMap<Component.Any, Component.Behavior>) {
  const config = yield* LiveConfig.LiveConfig
  const context = Context.omit(Scope.Scope)(yield* Effect.context<Scope.Scope>())
  const makeId = yield* IdGenerator.make
  const running = new Set<Instance>()
  const served = new Map<string, Served.Served>()
  for (const [component, behavior] of components) {
    served.set(component.componentName, Served.make(component, behavior, context))
  }

  const start = (served: Served.Served, key: string | undefined, props: unknown): Effect.Effect<Instance, LiveError> =>
    Effect.suspend(() => {
      const instance = new Instance(served, config, { id: ComponentId.make(makeId()), key, props })
      return Effect.uninterruptibleMask((restore) =>
        Effect.map(restore(instance.start()), () => {
          running.add(instance)
          return instance
        })
      )
    })

  const stop = (instance: Instance): Effect.Effect<void> =>
    Effect.andThen(
      instance.stop(),
      Effect.sync(() => running.delete(instance))
    )

  const directory = yield* Directory.make({
    activate: (address: Address) =>
      Effect.map(
        Effect.acquireRelease(start(address.served, address.key, address.props), stop, { interruptible: true }),
        (instance) => ({ ref: instance, watch: instance.cell.watch() })
      ),
    maxIdleTime: (address: Address) => address.served.maxIdleTime,
    capacity: config.maxKeyed
  })

  const holdKeyed = (address: Address): Effect.Effect<Held, LiveError> =>
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      return Effect.matchCauseEffect(Scope.provide(directory.get(address), scope), {
        onSuccess: (instance) => Effect.succeed({ instance, scope }),
        onFailure: (cause) => Effect.andThen(Scope.close(scope, Exit.void), Effect.failCause(cause))
      })
    }).pipe(
      Effect.catchTag("DirectoryFull", ({ capacity }) =>
        Effect.fail(new LiveError({ reason: new TooManyComponents({ limit: capacity, of: "server" }) }))
      )
    )

  yield* Effect.addFinalizer(() => Effect.forEach(running, stop, { concurrency: "unbounded", discard: true }))

  return Instances.of({
    hold: ({ component, key, props }) => {
      const found = served.get(component)
      if (found === undefined) return Effect.fail(new LiveError({ reason: new UnknownComponent({ component }) }))
      const decoded = found.component.codec.decodeProps(props)
      if (Exit.isFailure(decoded)) {
        const issue = String(Cause.squash(decoded.cause))
        return Effect.fail(new LiveError({ reason: new PropsRejected({ component, issue }) }))
      }
      if (key !== undefined) return holdKeyed(new Address(found, key, decoded.value))
      return Effect.map(start(found, undefined, decoded.value), (instance) => ({ instance, scope: undefined }))
    },
    release: ({ instance, scope }) => (scope === undefined ? stop(instance) : Scope.close(scope, Exit.void)),
    stopNow: Effect.suspend(() =>
      Effect.forEach(running, (instance) => instance.cell.stop(Duration.zero), {
        concurrency: "unbounded",
        discard: true
      })
    ),
    sizeUnsafe: () => running.size
  })
})
