/** What a live component does for its client, whatever lies between them: run in memory and over a real socket. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, type Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { LiveClient, LiveHandle } from "fibra/client"
import { Broken, Gate, Hasty, Lab, Ticker, Unlisted } from "./Lab.ts"

/** A client and its server. */
export class Subject extends Context.Service<Subject, Pick<LiveClient["Service"], "mount">>()("test/Subject") {}

type State<H> = H extends { readonly state: Effect.Effect<infer S> } ? S : never

/** Waits until the client has seen such a state. */
const seen = <H extends LiveHandle<typeof Lab> | LiveHandle<typeof Ticker>>(
  handle: H,
  predicate: (state: State<H>) => boolean
): Effect.Effect<void> =>
  (handle.changes as Stream.Stream<State<H>>).pipe(Stream.filter(predicate), Stream.take(1), Stream.runDrain)

const reason = <A, R>(call: Effect.Effect<A, { readonly _tag: string }, R>): Effect.Effect<string, A, R> =>
  Effect.map(Effect.flip(call), (error) =>
    error._tag === "LiveError" ? (error as unknown as { reason: { _tag: string } }).reason._tag : error._tag
  )

export const liveSuite = (name: string, subject: Layer.Layer<Subject | Gate, unknown>): void =>
  layer(subject)(name, (it) => {
    it.effect("a mounted component has the state of its server", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 7 } })
        assert.deepInclude(yield* lab.state, { count: 7, label: "", items: [] })
      })
    )

    it.effect("a call answers, and by then its change is seen", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 1 } })
        assert.strictEqual(yield* lab.call.Add({ by: 2 }), 3)
        assert.strictEqual((yield* lab.state).count, 3)
      })
    )

    it.effect("an action fails with its own typed error, and the state stays", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 95 } })
        const error = yield* Effect.flip(lab.call.Add({ by: 10 }))
        assert.strictEqual(error._tag, "TooMuch")
        assert.strictEqual(error._tag === "TooMuch" ? error.max : undefined, 100)
        assert.strictEqual((yield* lab.state).count, 95)
      })
    )

    it.effect("two mounts are two instances; two mounts with a key are one", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const props = { start: 0 }
        const [a, b] = [yield* live.mount(Lab, { props }), yield* live.mount(Lab, { props })]
        yield* a.call.Add({ by: 1 })
        assert.deepStrictEqual([(yield* a.state).count, (yield* b.state).count], [1, 0])
        const [c, d] = [yield* live.mount(Lab, { props, key: "k" }), yield* live.mount(Lab, { props, key: "k" })]
        yield* c.call.Add({ by: 5 })
        yield* seen(d, ({ count }) => count === 5)
        yield* d.call.Add({ by: 1 })
        yield* seen(c, ({ count }) => count === 6)
      })
    )

    it.effect("a hundred concurrent calls on one instance all count", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 0 } })
        yield* Effect.all(
          Array.from({ length: 100 }, () => lab.call.Add({ by: 1 })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual((yield* lab.state).count, 100)
      })
    )

    it.effect("what a handler changes is seen while it goes on", () =>
      Effect.gen(function* () {
        const gate = yield* Gate
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 0 } })
        const waiting = yield* Effect.forkChild(lab.call.Wait())
        yield* seen(lab, ({ label }) => label === "waiting")
        yield* gate.latch.open
        assert.strictEqual(yield* Fiber.join(waiting), "waited")
        assert.strictEqual((yield* lab.state).label, "done")
        yield* gate.latch.close
      })
    )

    it.effect("interrupting a call interrupts its handler, and the next call is served", () =>
      Effect.gen(function* () {
        const gate = yield* Gate
        const before = gate.interrupted
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 0 } })
        const hanging = yield* Effect.forkChild(lab.call.Hang())
        const queued = yield* Effect.forkChild(lab.call.Add({ by: 1 }))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(hanging)
        assert.strictEqual(yield* Fiber.join(queued), 1)
        assert.strictEqual(gate.interrupted, before + 1)
      })
    )

    it.effect("a handler that never returns holds up nothing but its own instance", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const [stuck, free] = [
          yield* live.mount(Lab, { props: { start: 0 } }),
          yield* live.mount(Lab, { props: { start: 0 } })
        ]
        const hanging = yield* Effect.forkChild(stuck.call.Hang())
        assert.strictEqual(yield* free.call.Add({ by: 1 }), 1)
        yield* Fiber.interrupt(hanging)
      })
    )

    it.effect("a handler that crashes fails its caller and leaves the last good state", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 1 } })
        yield* lab.call.Add({ by: 1 })
        assert.strictEqual(yield* reason(lab.call.Crash()), "ComponentCrashed")
        assert.strictEqual(yield* lab.call.Add({ by: 1 }), 3)
        assert.deepInclude(yield* lab.state, { count: 3, label: "" })
      })
    )

    it.effect("a state that does not fit its schema is a crash, and no client sees it", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 1 } })
        assert.strictEqual(yield* reason(lab.call.Spoil()), "ComponentCrashed")
        assert.strictEqual(yield* lab.call.Add({ by: 1 }), 2)
        assert.strictEqual((yield* lab.state).count, 2)
      })
    )

    it.effect("a result that does not fit its schema fails the call", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 1 } })
        assert.strictEqual(yield* reason(lab.call.Lie()), "ComponentCrashed")
        assert.strictEqual(yield* lab.call.Add({ by: 1 }), 2)
      })
    )

    it.effect("a result that JSON cannot carry is a crash of its handler, and of nothing else", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const [lab, other] = [
          yield* live.mount(Lab, { props: { start: 1 } }),
          yield* live.mount(Lab, { props: { start: 1 } })
        ]
        assert.strictEqual(yield* reason(lab.call.Circle()), "ComponentCrashed")
        assert.strictEqual(yield* lab.call.Add({ by: 1 }), 2)
        assert.strictEqual(yield* other.call.Add({ by: 1 }), 2)
      })
    )

    it.effect("events reach everyone who has mounted the instance", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const props = { start: 0 }
        const [a, b] = [yield* live.mount(Lab, { props, key: "e" }), yield* live.mount(Lab, { props, key: "e" })]
        const heard = yield* Effect.forkChild(
          Effect.all(
            [a, b].map((lab) => lab.events("Announced").pipe(Stream.take(2), Stream.runCollect)),
            {
              concurrency: "unbounded"
            }
          ),
          { startImmediately: true }
        )
        yield* a.call.Announce({ text: "one" })
        yield* b.call.Announce({ text: "two" })
        const both = [{ text: "one" }, { text: "two" }]
        assert.deepStrictEqual(yield* Fiber.join(heard), [both, both])
      })
    )

    it.effect("what happens in the background is seen", () =>
      Effect.gen(function* () {
        const ticker = yield* (yield* Subject).mount(Ticker, {})
        yield* TestClock.adjust("3 seconds")
        yield* seen(ticker, ({ seconds }) => seconds === 3)
      })
    )

    it.effect("a background fiber that crashes takes its component through a restart", () =>
      Effect.gen(function* () {
        const ticker = yield* (yield* Subject).mount(Ticker, {})
        yield* TestClock.adjust("2 seconds")
        yield* seen(ticker, ({ seconds }) => seconds === 2)
        yield* ticker.call.Break()
        yield* TestClock.adjust("2 seconds")
        yield* seen(ticker, ({ seconds }) => seconds === 4)
      })
    )

    it.effect("a call that may take ten seconds expires after ten, and the next is served", () =>
      Effect.gen(function* () {
        const hasty = yield* (yield* Subject).mount(Hasty, {})
        const hanging = yield* Effect.forkChild(reason(hasty.call.Hang()))
        const served = yield* Effect.forkChild(hasty.call.Call())
        // The server has the first call once it has answered another mount of the same connection.
        yield* (yield* Subject).mount(Ticker, {})
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* Fiber.join(hanging), "CallExpired")
        assert.strictEqual(yield* Fiber.join(served), 1)
      })
    )

    it.effect("more calls than the mailbox holds are refused, and those it holds are served", () =>
      Effect.gen(function* () {
        const lab = yield* (yield* Subject).mount(Lab, { props: { start: 0 } })
        const hanging = yield* Effect.forkChild(lab.call.Hang(), { startImmediately: true })
        const calls = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 20 }, () => Effect.exit(lab.call.Add({ by: 1 }))),
            { concurrency: "unbounded" }
          ),
          { startImmediately: true }
        )
        yield* (yield* Subject).mount(Ticker, {})
        yield* Fiber.interrupt(hanging)
        const exits = yield* Fiber.join(calls)
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 8)
        assert.strictEqual((yield* lab.state).count, 8)
      })
    )

    it.effect("a change one handle makes is seen by another of the same instance", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const options = { props: { start: 0 }, key: "two handles" }
        const [a, b] = [yield* live.mount(Lab, options), yield* live.mount(Lab, options)]
        yield* Effect.forkChild(a.call.Add({ by: 9 }), { startImmediately: true })
        yield* seen(a, ({ count }) => count === 9)
        yield* seen(b, ({ count }) => count === 9)
      })
    )

    it.effect("a component no server lists, or whose build fails, cannot be mounted; others can", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        assert.strictEqual(yield* reason(live.mount(Unlisted, {})), "UnknownComponent")
        assert.strictEqual(yield* reason(live.mount(Broken, {})), "ComponentCrashed")
        yield* live.mount(Lab, { props: { start: 0 } })
      })
    )

    it.effect("props that do not fit their schema are refused", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        assert.strictEqual(yield* reason(live.mount(Lab, { props: { start: 0.5 } })), "PropsRejected")
      })
    )

    it.effect("a shared instance outlives its last client for its idle time, and not longer", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const options = { props: { start: 1 }, key: "idle" }
        const add = Effect.scoped(Effect.flatMap(live.mount(Lab, options), (lab) => lab.call.Add({ by: 1 })))
        assert.strictEqual(yield* add, 2)
        yield* TestClock.adjust("4 minutes")
        assert.strictEqual(yield* add, 3)
        // The connection handles one request after the other, so by now the unmount above has been handled, too.
        yield* live.mount(Ticker, {})
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual(yield* add, 2)
      })
    )

    it.effect("an unmounted private instance is gone", () =>
      Effect.gen(function* () {
        const live = yield* Subject
        const scope = yield* Scope.make()
        const lab = yield* Scope.provide(live.mount(Lab, { props: { start: 0 } }), scope)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* reason(lab.call.Add({ by: 1 })), "InstanceStopped")
      })
    )
  })
