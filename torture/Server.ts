/** A server of the tortured components: it starts, is killed, and ends, over one store and one secret. */
import { Context, Duration, Effect, Exit, type Fiber, Layer, Logger, Scope } from "effect"
import { LiveConfig, Secrets, SnapshotStore } from "fibra/server"
import * as LiveCore from "../src/server/LiveCore.ts"
import { InstanceRunner } from "../src/server/instance/InstanceRunner.ts"
import * as Principals from "../src/server/security/Principals.ts"
import * as Authorization from "../src/server/security/Authorization.ts"
import { Transport } from "../src/server/transport/Transport.ts"
import { LiveJson } from "../src/server/wire/json/LiveJson.ts"
import { LiveRpc } from "../src/server/wire/rpc/LiveRpc.ts"
import type { Server as Reachable } from "../src/testing/MemoryLink.ts"
import { MortalStore } from "../src/testing/MortalStore.ts"
import * as Open from "../src/testing/Open.ts"
import type { EventLoop } from "./EventLoop.ts"
import { FaultyStore } from "./FaultyStore.ts"
import type { OpenWire } from "./OpenClient.ts"
import { Bystander, BystanderLayer, Record, Subject, SubjectLayer } from "./Subject.ts"
import { Violation } from "./Violation.ts"

/** Little room, so that its bounds are met; who stands by may call once a step all the same. */
export const settings = {
  rate: 500,
  rateBurst: 500,
  rateTolerance: 100,
  windowBatches: 4,
  conflateAfter: 3,
  patchLog: 6,
  roomLog: 5,
  maxEvents: 8,
  maxParked: 3,
  maxResults: 8,
  drainTimeout: 10_000,
  storeTimeout: 5000,
  linger: 45_000,
  maxIdleTime: 30_000
} as const

type Core = Layer.Success<ReturnType<typeof makeLayer>>

interface Running {
  readonly scope: Scope.Closeable
  readonly store: MortalStore
  readonly core: Context.Context<Core>
}

/** The server. */
export class Server {
  readonly store: FaultyStore
  readonly #loop: EventLoop
  readonly #record: Record["Service"]
  readonly #secrets: Secrets.Secrets["Service"]
  #running: Running | undefined

  static readonly make = (loop: EventLoop, record: Record["Service"]): Effect.Effect<Server> =>
    Effect.gen(function* () {
      const memory = yield* Layer.build(Layer.fresh(SnapshotStore.layerMemory))
      const secrets = yield* Layer.build(Layer.fresh(Secrets.layerRandom))
      return new Server(
        loop,
        record,
        Context.get(memory, SnapshotStore.SnapshotStore),
        Context.get(secrets, Secrets.Secrets)
      )
    }).pipe(Effect.provideService(Scope.Scope, Scope.makeUnsafe()))

  private constructor(
    loop: EventLoop,
    record: Record["Service"],
    memory: SnapshotStore.SnapshotStore["Service"],
    secrets: Secrets.Secrets["Service"]
  ) {
    this.#loop = loop
    this.#record = record
    this.#secrets = secrets
    this.store = new FaultyStore(memory)
  }

  /** What clients connect to; undefined while there is none. */
  readonly reachable = (): Reachable | undefined => {
    if (this.#running === undefined) return undefined
    const { core } = this.#running
    return { transport: Context.get(core, Transport), protocol: Context.get(core, LiveRpc) }
  }

  /** The same for clients of the open wire. */
  readonly openWire = (): OpenWire | undefined => {
    if (this.#running === undefined) return undefined
    const { core } = this.#running
    return { transport: Context.get(core, Transport), protocol: Context.get(core, LiveJson) }
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return
    const scope = Scope.makeUnsafe()
    const store = new MortalStore(this.store.service)
    const built = Layer.buildWithScope(
      Layer.fresh(Layer.provide(makeLayer(this.#record), this.#services(store))),
      scope
    )
    const fiber = this.#loop.run(built)
    await this.#loop.drain()
    const exit = fiber.pollUnsafe()
    if (exit === undefined || Exit.isFailure(exit)) throw new Violation(`The server does not start: ${String(exit)}`)
    this.#running = { scope, store, core: exit.value }
  }

  /** From one moment to the next there is none; what it had begun may go on, and reaches nothing. */
  async kill(): Promise<void> {
    const killed = this.#running
    this.#running = undefined
    if (killed === undefined) return
    killed.store.die()
    this.#loop.run(
      Effect.andThen(Context.get(killed.core, InstanceRunner).stopNow, Scope.close(killed.scope, Exit.void))
    )
    await this.#loop.drain()
  }

  /** It ends as it is asked to, in the time it has for that. */
  async stop(): Promise<void> {
    const stopped = this.#running
    this.#running = undefined
    if (stopped === undefined) return
    const ending: Fiber.Fiber<void> = this.#loop.run(Scope.close(stopped.scope, Exit.void))
    const step = 500
    for (let waited = 0; waited <= settings.drainTimeout + step; waited += step) {
      await this.#loop.drain()
      if (ending.pollUnsafe() !== undefined) return
      await this.#loop.advance(step)
    }
    throw new Violation(`The server has not ended after its drainTimeout of ${settings.drainTimeout} ms`)
  }

  /** What is open. */
  open(): Open.Open {
    return this.#running === undefined ? Open.nothing : Effect.runSync(Open.of(this.#running.core))
  }

  #services(store: MortalStore) {
    return Layer.mergeAll(
      Layer.succeed(SnapshotStore.SnapshotStore, store.service),
      Layer.succeed(Secrets.Secrets, this.#secrets),
      Layer.fresh(Principals.layer)
    )
  }
}

const makeLayer = (record: Record["Service"]) => {
  const { weather } = record
  const rights = Authorization.layer({
    call: ({ component }) => {
      if (component !== Subject.componentName || weather.right === "yes") return Effect.succeed(true)
      if (weather.right === "no") return Effect.succeed(false)
      return weather.right === "hangs" ? Effect.never : Effect.die(new Error("rights are not known"))
    }
  })
  const { drainTimeout, linger, storeTimeout, ...numbers } = settings
  return LiveCore.layer({ components: [Subject, Bystander] }).pipe(
    Layer.provide([SubjectLayer, BystanderLayer]),
    Layer.provide(rights),
    Layer.provide(
      LiveConfig.layer({
        ...numbers,
        drainTimeout: Duration.millis(drainTimeout),
        linger: Duration.millis(linger),
        storeTimeout: Duration.millis(storeTimeout)
      })
    ),
    Layer.provide(Layer.succeed(Record, record)),
    Layer.provide(Logger.layer([]))
  )
}
