/**
 * What this library relies on and effect does not promise. Each case is one assumption, seen from effect alone: when an upgrade breaks
 * it, this fails, and says which files to look at.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Latch, MutableHashMap, Option, RcMap, Scope } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { root } from "../support/workspace.ts"

type Finalizer = NonNullable<Scope.State.Open["finalizer"]>

describe("a Scope (LinkedScope)", () => {
  it("a Scope is an object with its own fields only, and begins with no finalizer (LinkedScope)", () => {
    const scope = Scope.makeUnsafe()
    assert.strictEqual(scope.state._tag, "Empty")
    const copy = Object.assign({}, scope)
    const ran: Array<string> = []
    Effect.runSync(
      Scope.addFinalizer(
        copy,
        Effect.sync(() => ran.push("of the copy"))
      )
    )
    Effect.runSync(Scope.close(copy, Exit.void))
    assert.deepStrictEqual(ran, ["of the copy"])
    assert.strictEqual(scope.state._tag, "Empty")
  })

  it.effect("a Scope puts its finalizers into the Map of the state that it gets with the first (LinkedScope)", () =>
    Effect.gen(function* () {
      const added: Array<object> = []
      class Finalizers extends Map<object, Finalizer> {
        override set(key: object, finalizer: Finalizer): this {
          added.push(key)
          return super.set(key, finalizer)
        }
      }
      const replaced = (open: Scope.State.Open): Scope.State.Open => {
        assert.isDefined(open.finalizerKey)
        assert.isDefined(open.finalizer)
        assert.isUndefined(open.finalizers)
        const finalizers = new Finalizers()
        finalizers.set(open.finalizerKey, open.finalizer)
        return { _tag: "Open", finalizerKey: undefined, finalizer: undefined, finalizers }
      }
      const scope = Scope.makeUnsafe()
      const states: Array<string> = []
      let state: Scope.Scope["state"] = scope.state
      Object.defineProperty(scope, "state", {
        get: () => state,
        set: (next: Scope.Scope["state"]) => {
          states.push(next._tag)
          state = next._tag === "Open" ? replaced(next) : next
        }
      })
      const closed: Array<string> = []
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => closed.push("first"))
      )
      const fiber = yield* Effect.forkIn(Effect.never, scope)
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => closed.push("last"))
      )
      assert.deepStrictEqual(states, ["Open"])
      assert.lengthOf(added, 3)
      // The interruption of a fiber that is forked in a Scope is there under the fiber itself, before that has begun.
      assert.strictEqual(added[1], fiber)
      assert.deepStrictEqual(added.map(Fiber.isFiber), [false, true, false])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(closed, ["last", "first"])
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(states, ["Open", "Closed"])
    })
  )

  it.effect("a Scope hears of no fiber that started at once and has ended, nor of a Scope inside (LinkedScope)", () =>
    Effect.gen(function* () {
      const scope = Scope.makeUnsafe()
      yield* Effect.forkIn(Effect.void, scope, { startImmediately: true })
      assert.strictEqual(scope.state._tag, "Empty")
      const inner = yield* Scope.fork(scope)
      yield* Effect.forkIn(Effect.never, inner)
      assert.isTrue(scope.state._tag === "Open" && !Fiber.isFiber(scope.state.finalizerKey))
    })
  )
})

describe("an RcMap (Directory)", () => {
  it.effect("an RcMap keeps its entries in `state.map`, each with the Scope of its lookup (Directory)", () =>
    Effect.gen(function* () {
      const scopes: Array<Scope.Scope> = []
      const map = yield* RcMap.make({
        lookup: (_key: string) => Effect.map(Effect.scope, (scope) => scopes.push(scope)),
        idleTimeToLive: "1 minute"
      })
      const entryOf = (key: string) =>
        map.state._tag === "Closed" ? undefined : Option.getOrUndefined(MutableHashMap.get(map.state.map, key))
      yield* Effect.scoped(RcMap.get(map, "key"))
      assert.strictEqual(entryOf("key")?.scope, scopes[0])
      yield* RcMap.invalidate(map, "key")
      assert.isUndefined(entryOf("key"))
      yield* Effect.scoped(RcMap.get(map, "key"))
      assert.strictEqual(entryOf("key")?.scope, scopes[1])
      assert.notStrictEqual(scopes[1], scopes[0])
    })
  )
})

const Reference = Context.Reference<string>("test/Reference", { defaultValue: () => "default" })

describe("a fiber", () => {
  it("a fiber runs on the stack of its starter until it waits (ActorCell, SessionMounts, TimeLimit)", () => {
    const ran: Array<string> = []
    const done = Effect.runFork(
      Effect.map(
        Effect.sync(() => ran.push("done")),
        () => "value"
      )
    )
    assert.deepStrictEqual(ran, ["done"])
    assert.deepStrictEqual(done.pollUnsafe(), Exit.succeed("value"))

    const latch = Latch.makeUnsafe()
    const waiting = Effect.runFork(
      Effect.andThen(
        Effect.sync(() => ran.push("waits")),
        latch.await
      )
    )
    assert.deepStrictEqual(ran, ["done", "waits"])
    assert.isUndefined(waiting.pollUnsafe())
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    waiting.addObserver((exit) => void exits.push(exit))
    assert.deepStrictEqual(exits, [])
    waiting.interruptUnsafe()
    assert.lengthOf(exits, 1)
    assert.deepStrictEqual(waiting.pollUnsafe(), exits[0])
  })

  it.effect("a fiber that is forked to begin at once has run until it waits, too (TimeLimit)", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(Effect.succeed("value"), { startImmediately: true })
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed("value"))
    })
  )

  it.effect("a fiber that has not begun runs in the context it is given meanwhile (Activation)", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.service(Reference))
      assert.isUndefined(fiber.pollUnsafe())
      fiber.setContext(Context.add(fiber.context, Reference, "given"))
      assert.strictEqual(yield* Fiber.join(fiber), "given")
    })
  )

  it("a fiber is the current one while it runs, and not while it waits or another runs (Inbox, Recovery)", () => {
    assert.isUndefined(Fiber.getCurrent())
    const seen: Array<Fiber.Fiber<unknown, unknown> | undefined> = []
    const look = Effect.sync(() => void seen.push(Fiber.getCurrent()))
    let inner: Fiber.Fiber<void> | undefined
    const outer = Effect.runFork(
      Effect.andThen(
        Effect.andThen(
          look,
          Effect.sync(() => void (inner = Effect.runFork(look)))
        ),
        look
      )
    )
    assert.deepStrictEqual(
      seen.map((fiber) => (fiber === outer ? "outer" : fiber === inner ? "inner" : "none")),
      ["outer", "inner", "outer"]
    )
    assert.isUndefined(Fiber.getCurrent())
  })
})

describe("a request that has come to its router (PlainRoute)", () => {
  /** The steps that its fiber has taken there. */
  const stepsOf = (around: (app: App) => App, middleware?: (app: App) => App): number => {
    let steps = 0
    const app: App = Effect.withFiber((fiber) => {
      steps = (fiber as unknown as { readonly currentOpCount: number }).currentOpCount
      return Effect.succeed(HttpServerResponse.empty())
    })
    const handled = HttpEffect.toHandled(around(app), () => Effect.void, middleware as never)
    const request = HttpServerRequest.fromWeb(new Request("http://localhost/"))
    Effect.runSync(Effect.provideService(handled, HttpServerRequest.HttpServerRequest, request) as Effect.Effect<void>)
    return steps
  }
  type App = Effect.Effect<HttpServerResponse.HttpServerResponse>

  it("the fiber of a request has taken fewer steps when nothing was put between the server and the router (PlainRoute)", () => {
    const plain = stepsOf((app) => app)
    assert.isAbove(plain, 0)
    assert.isAbove(
      stepsOf((app) => Effect.suspend(() => app)),
      plain
    )
    assert.isAbove(
      stepsOf(
        (app) => app,
        (app) => app
      ),
      plain
    )
  })
})

describe("an effect that is done already (ActorCell)", () => {
  it("an effect that is done already is an Exit, and one that has to run is not (ActorCell)", () => {
    const done: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
      Effect.succeed(1),
      Effect.void,
      Effect.fail("failed"),
      Effect.die("died")
    ]
    assert.isTrue(done.every(Exit.isExit))
    assert.isFalse(Exit.isExit(Effect.sync(() => 1)))
    assert.isFalse(Exit.isExit(Effect.map(Effect.succeed(1), (one) => one)))
  })
})

/** What one may write of effect that effect does not promise. */
const insides =
  /currentOpCount|pollUnsafe\(|fiber\.setContext\(|state\.map\b|Exit\.isExit\(|Fiber\.getCurrent\(|\} = Scope\.makeUnsafe/

const notice = "// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them."

describe("a file that relies on the insides of effect", () => {
  it("a file that relies on the insides of effect says so in its first line, and no other file does", () => {
    const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => ({ name, text: readFileSync(join(root, "src", name), "utf8") }))
    const relying = files.filter(({ text }) => insides.test(text)).map(({ name }) => name)
    const saying = files.filter(({ text }) => text.startsWith(`${notice}\n`)).map(({ name }) => name)
    assert.isAbove(relying.length, 0)
    assert.deepStrictEqual(saying.sort(), relying.sort())
  })
})
