/** The log of a server: one line for what happens to an instance, one report for a crash, and no data in any of it. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, References, Schema, type Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"

/** What must be nowhere in the log. */
const secrets = { state: "5ecret-of-the-state", payload: "5ecret-of-a-payload", result: "5ecret-of-a-result" }

const payload = { text: secrets.payload }

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

class Safe extends Component.Service<Safe>()("Safe", {
  state: { text: Schema.String, box: Schema.Struct({ count: Schema.Int }) },
  initial: () => ({ text: secrets.state, box: { count: 0 } }),
  actions: [
    Rpc.make("Put", { payload: { text: Schema.String }, success: Schema.String }),
    Rpc.make("Refuse", { payload: { text: Schema.String }, error: Refused }),
    Rpc.make("Crash", { payload: { text: Schema.String } }),
    Rpc.make("Spoil", { payload: { text: Schema.String } }),
    Rpc.make("Tell"),
    Rpc.make("Lie", { payload: { text: Schema.String }, success: Schema.Struct({ number: Schema.Int }) })
  ],
  events: { Told: Schema.Struct({ text: Schema.String }) }
}) {}

const SafeLayer = Safe.toLayer(
  Effect.map(Effect.service(Safe), (self) =>
    Safe.of({
      Put: ({ text }) => Effect.as(self.set({ text, box: { count: 1 } }), secrets.result),
      Refuse: ({ text }) => Effect.fail(new Refused({ why: text })),
      Crash: () => Effect.die(new Error("it broke")),
      Spoil: ({ text }) => self.set({ text, box: { count: text as never } }),
      Tell: () => Effect.orDie(self.broadcast("Told", payload)),
      Lie: ({ text }) => Effect.succeed({ number: text as never }),
      on: { Told: () => Effect.die(new Error("it broke")) }
    })
  )
)

interface Line {
  readonly level: string
  readonly text: string
  readonly labels: { readonly [name: string]: unknown }
  readonly all: string
}

/** All that is logged while a server runs. */
const logged = <E>(use: Effect.Effect<void, E, LiveTest | Scope.Scope>, config: LiveConfig.Options = {}) =>
  Effect.gen(function* () {
    const lines: Array<Line> = []
    const logger = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
      const [text] = Array.isArray(message) ? message : [message]
      const labels = fiber.getRef(References.CurrentLogAnnotations)
      const all = `${logLevel} ${JSON.stringify(message)} ${JSON.stringify(labels)} ${Cause.pretty(cause)}`
      lines.push({ level: logLevel, text: String(text), labels, all })
    })
    const server = LiveTest.layer({ components: [Safe], principal: "ada" }).pipe(
      Layer.provide([SafeLayer, LiveConfig.layer(config), Logger.layer([logger])]),
      Layer.provide(Layer.succeed(References.MinimumLogLevel, "All"))
    )
    yield* Effect.provide(use, server)
    return lines
  })

const everything = Effect.gen(function* () {
  const live = yield* LiveTest
  const safe = yield* live.mount(Safe, {})
  yield* safe.call.Put(payload)
  yield* Effect.exit(safe.call.Refuse(payload))
  for (const crash of [safe.call.Crash, safe.call.Spoil, safe.call.Lie]) {
    yield* Effect.exit(crash(payload))
    yield* TestClock.adjust("5 seconds")
  }
  yield* live.disconnect
  yield* live.reconnect
  yield* safe.call.Put(payload)
})

describe("the log of a server", () => {
  it.effect("a crash is one error, which says who did what to which life of the instance", () =>
    Effect.gen(function* () {
      const lines = yield* logged(everything)
      const crashes = lines.filter(({ level }) => level === "Error")
      assert.deepStrictEqual(
        crashes.map(({ labels: { action, activation, component, path, principal }, text }) => ({
          text,
          component,
          action,
          principal,
          activation,
          path
        })),
        [
          { action: "Crash", activation: 0, path: undefined },
          { action: "Spoil", activation: 1, path: "box.count" },
          { action: "Lie", activation: 2, path: "number" }
        ].map((each) => ({ text: "An actor crashed", component: "Safe", principal: "ada", ...each }))
      )
      for (const { labels } of crashes) assert.match(String(labels["instance"]), /^Safe-/)
      assert.include(crashes[0]?.all, "it broke")
    })
  )

  it.effect("a crash of whoever hears an event says which event, and not who told it", () =>
    Effect.gen(function* () {
      const lines = yield* logged(
        Effect.gen(function* () {
          const live = yield* LiveTest
          const safe = yield* live.mount(Safe, { room: "hall" })
          yield* safe.call.Tell()
          yield* TestClock.adjust("1 second")
        })
      )
      const crashes = lines.filter(({ level }) => level === "Error")
      assert.lengthOf(crashes, 1)
      assert.deepInclude(crashes[0]?.labels, { component: "Safe", event: "Told" })
      assert.notProperty(crashes[0]?.labels, "action")
      assert.notInclude(crashes[0]?.all, secrets.payload)
    })
  )

  it.effect("what happens to an instance is one line each, and a message is none", () =>
    Effect.gen(function* () {
      const lines = yield* logged(everything)
      assert.deepStrictEqual(
        lines.filter(({ level }) => level === "Info").map(({ text }) => text),
        [
          "An instance has started",
          "An instance runs again",
          "An instance runs again",
          "An instance runs again",
          "An instance has stopped"
        ]
      )
    })
  )

  it.effect(
    "a client that mounts and unmounts without end fills no log: what is left out is counted in the next line",
    () =>
      Effect.gen(function* () {
        const mounts = 500
        const storm = Effect.gen(function* () {
          const live = yield* LiveTest
          for (let count = 0; count < mounts; count++) yield* Effect.scoped(live.mount(Safe, {}))
          yield* TestClock.adjust("1 minute")
          yield* Effect.scoped(live.mount(Safe, {}))
        })
        const lines = yield* logged(storm, { rate: Infinity })
        for (const text of ["An instance has started", "An instance has stopped"]) {
          const written = lines.filter((line) => line.text === text)
          const omitted = written.map(({ labels }) => Number(labels["omitted"] ?? 0))
          assert.isBelow(written.length, 30)
          assert.strictEqual(written.length + omitted.reduce((sum, each) => sum + each, 0), mounts + 1)
        }
      })
  )

  it.effect("no state, no payload, no result and no token is in the log of a whole run, at any level", () =>
    Effect.gen(function* () {
      const lines = yield* logged(
        Effect.gen(function* () {
          yield* everything
          const live = yield* LiveTest
          yield* TestClock.adjust("2 seconds")
          yield* live.kill
          yield* live.start
          yield* live.reconnect
        })
      )
      const text = lines.map(({ all }) => all).join("\n")
      assert.isNotEmpty(text)
      for (const secret of Object.values(secrets)) assert.notInclude(text, secret)
      // The form of a state token and of a session token.
      assert.notMatch(text, /[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/)
    })
  )
})
