/** One client of the night: what it has mounted, and what it has called. */
import { Cause, Context, Deferred, Effect, Exit, type Fiber, Layer, Scope } from "effect"
import type { Component, LiveError } from "fibra"
import { type LiveHandle, StateCache } from "fibra/client"
import type { Server as Reachable } from "../src/testing/MemoryLink.ts"
import { connect, type TestClient } from "../src/testing/TestClient.ts"
import type { EventLoop } from "./EventLoop.ts"
import type { Where } from "./Script.ts"
import { Subject } from "./Subject.ts"

type Outcome = Exit.Exit<unknown, LiveError.LiveError | { readonly _tag: "Refused" }>

/** One call, and what came of it. */
export interface Call {
  readonly mark: string
  readonly action: string
  readonly fiber: Fiber.Fiber<unknown, LiveError.LiveError | { readonly _tag: "Refused" }>
}

/** A component that is wanted until it is released, however often it is refused. */
export class Mounted<C extends Component.Typed> {
  handle: LiveHandle<C> | undefined
  readonly #released = Deferred.makeUnsafe<void>()
  readonly #fiber: Fiber.Fiber<unknown, unknown>

  constructor(loop: EventLoop, mount: Effect.Effect<LiveHandle<C>, LiveError.LiveError, Scope.Scope>) {
    const patiently: typeof mount = mount.pipe(Effect.catch(() => Effect.andThen(Effect.sleep("1 second"), patiently)))
    this.#fiber = loop.run(
      Effect.scoped(
        Effect.flatMap(patiently, (handle) => {
          this.handle = handle
          return Deferred.await(this.#released)
        })
      ).pipe(Effect.raceFirst(Deferred.await(this.#released)))
    )
  }

  release(): void {
    this.handle = undefined
    Deferred.doneUnsafe(this.#released, Effect.void)
  }

  get isOver(): boolean {
    return this.#fiber.pollUnsafe() !== undefined
  }
}

/** One client. */
export class Client {
  readonly link: TestClient
  readonly calls: Array<Call> = []
  readonly #loop: EventLoop
  readonly #name: string
  readonly #mounted = new Map<Where, Mounted<typeof Subject>>()
  #made = 0

  static async connect(
    loop: EventLoop,
    name: string,
    principal: string | undefined,
    server: () => Reachable | undefined
  ): Promise<Client> {
    const scope = Scope.makeUnsafe()
    const fiber = loop.run(
      Effect.gen(function* () {
        const cache = Context.get(yield* Layer.build(Layer.fresh(StateCache.layerMemory)), StateCache.StateCache)
        return yield* connect(server, cache, principal === undefined ? {} : { principal })
      }).pipe(Effect.provideService(Scope.Scope, scope))
    )
    await loop.drain()
    const exit = fiber.pollUnsafe()
    if (exit === undefined || Exit.isFailure(exit)) throw new Error(`A client does not start: ${String(exit)}`)
    return new Client(loop, name, exit.value)
  }

  private constructor(loop: EventLoop, name: string, link: TestClient) {
    this.#loop = loop
    this.#name = name
    this.link = link
  }

  mount(where: Where): void {
    this.#mounted.get(where)?.release()
    const props = { who: this.#name }
    const options = where === "shared" ? { props, key: "shared" } : { props, cacheKey: "own" }
    this.#mounted.set(where, new Mounted(this.#loop, this.link.mount(Subject, options)))
  }

  handle(where: Where): LiveHandle<typeof Subject> | undefined {
    return this.#mounted.get(where)?.handle
  }

  releaseAll(): void {
    for (const mounted of this.#mounted.values()) mounted.release()
    this.#mounted.clear()
  }

  call(where: Where, action: string, extra: { readonly kind?: string }): void {
    const handle = this.handle(where)
    if (handle === undefined) return
    const mark = `${this.#name} ${where} ${this.#made++}`
    const call = (handle.call as unknown as Callable)[action]
    if (call === undefined) throw new Error(`There is no action ${action}`)
    const payload = { mark, ...extra, ...(action === "Halve" ? { size: 200 } : {}) }
    this.calls.push({ mark, action, fiber: this.#loop.run(call(payload)) })
  }

  /** Nobody waits any more for the call that was made last. */
  giveUp(): void {
    this.calls.findLast(({ fiber }) => fiber.pollUnsafe() === undefined)?.fiber.interruptUnsafe()
  }
}

type Callable = {
  readonly [action: string]: (
    payload: object
  ) => Effect.Effect<unknown, LiveError.LiveError | { readonly _tag: "Refused" }>
}

/** How often a call may have run, given its outcome. */
export const possibleRuns = (outcome: Outcome): ReadonlyArray<number> => {
  if (Exit.isSuccess(outcome)) return [1]
  const error = outcome.cause.reasons.find(Cause.isFailReason)?.error
  if (error?._tag === "Refused") return [1]
  // Interrupted by its client, or a defect of the client: nobody has said anything of the handler.
  if (error?._tag !== "LiveError") return [0, 1]
  switch (error.reason._tag) {
    case "CallExpired":
      return error.reason.outcome === "notRun" ? [0] : [0, 1]
    case "ComponentCrashed":
    case "Disconnected":
      return [0, 1]
    default:
      return [0]
  }
}
