import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Logger, Schema } from "effect"
import { LiveConfig, Secrets } from "fibra/server"
import { CallLog, maxCalls } from "../../src/devtools/CallLog.ts"
import type { Inspector } from "../../src/devtools/Inspector.ts"
import { maxBody, maxCharacters, maxMessages, MessageLog } from "../../src/devtools/MessageLog.ts"
import { calm } from "../../src/devtools/Simulator.ts"
import { brief } from "../../src/devtools/WireMessage.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { inspectedClient } from "../support/InspectedClient.ts"
import { drawer, props, secrets, Vault, VaultLayer } from "../support/Vault.ts"

const server = LiveCore.layer({ components: [Vault] }).pipe(
  Layer.provide(VaultLayer),
  Layer.provide([Secrets.layerRandom, LiveConfig.layer({ rate: Infinity, idleTimeout: Duration.hours(1) })]),
  Layer.provide(Logger.layer([]))
)

/** Runs a test with a server of its own. */
const inspecting = <A, E>(test: (made: Effect.Success<typeof inspectedClient>) => Effect.Effect<A, E, never>) =>
  Effect.flatMap(inspectedClient, test).pipe(Effect.scoped, Effect.provide(server, { local: true }))

/** The kinds of the messages, with what they say. */
const said = ({ messages }: Inspector) =>
  messages.messages.map(({ direction, kind, summary }) => `${direction} ${kind} ${summary}`)

describe("the inspector", () => {
  it.effect("keeps nothing, and is not in between, before it records", () =>
    inspecting(({ client, inspector, settle }) =>
      Effect.gen(function* () {
        const vault = yield* client.mount(Vault, { props })
        yield* vault.call.Rename({ title: "before" })
        yield* settle
        assert.isUndefined(inspector.connection.slot?.tap)
        assert.deepStrictEqual([inspector.messages.messages, inspector.calls.calls], [[], []])
        inspector.record()
        yield* vault.call.Rename({ title: "after" })
        yield* settle
        assert.include(said(inspector).join("\n"), 'Rename {title: "after"}')
        inspector.leave()
        assert.isUndefined(inspector.connection.slot?.tap)
        const { total } = inspector.messages
        yield* vault.call.Rename({ title: "gone" })
        assert.strictEqual(inspector.messages.total, total)
        assert.deepStrictEqual((yield* vault.state).title, "gone")
      }).pipe(Effect.scoped)
    )
  )

  it.effect("says what each message is about, with patches as one would write them", () =>
    inspecting(({ client, inspector, settle }) =>
      Effect.gen(function* () {
        inspector.record()
        const vault = yield* client.mount(Vault, { props, key: "one" })
        inspector.messages.clear()
        yield* vault.call.Rename({ title: "blue" })
        yield* settle
        const [call, patch, answer] = inspector.messages.messages
        assert.deepInclude(call, {
          direction: "out",
          kind: "Call",
          component: "Vault",
          summary: 'Rename {title: "blue"}'
        })
        assert.deepInclude(patch, { direction: "in", kind: "Patched", component: "Vault", summary: 'title = "blue"' })
        assert.deepInclude(answer, { direction: "in", kind: "Answer", component: "Vault", summary: "Rename: null" })
      }).pipe(Effect.scoped)
    )
  )

  it.effect("keeps no secret of a contract and no token, in any message", () =>
    inspecting(({ client, inspector, settle, sockets }) =>
      Effect.gen(function* () {
        inspector.record()
        yield* Effect.gen(function* () {
          const vault = yield* client.mount(Vault, { props, cacheKey: "mine" })
          yield* vault.call.Store(drawer)
          yield* vault.call.Store(drawer)
          yield* Effect.exit(vault.call.Open())
          yield* vault.set("pin", secrets[0] ?? "")
          yield* vault.set("title", "family papers")
          yield* settle
          // Asks for the session, with its token.
          sockets[0]?.close()
          yield* settle
          yield* client.mount(Vault, { props, cacheKey: "mine" })
          yield* settle
          const shown = inspector.replicas.map((replica) => JSON.stringify(inspector.secrecy.shown(replica))).join()
          for (const secret of secrets) assert.notInclude(shown, secret)
          assert.include(shown, '"title":"family papers"')
        }).pipe(Effect.scoped)
        yield* settle
        const { messages } = inspector.messages
        const all = JSON.stringify([messages, inspector.calls.calls])
        for (const secret of secrets) assert.notInclude(all, secret)
        // Tokens are long, and nothing else is.
        assert.notMatch(all, /[\w.-]{60,}/)
        const kinds = new Set(messages.map(({ kind }) => kind))
        for (const kind of [
          "Connect",
          "ConnectionEstablished",
          "Mount",
          "Call",
          "Patched",
          "Event",
          "Sealed",
          "Answer"
        ]) {
          assert.isTrue(kinds.has(kind), `There was a ${kind}.`)
        }
        // What is not secret is there.
        for (const open of ["top", "closed on Sundays", 'set title \\"family papers', "[redacted]"])
          assert.include(all, open)
      })
    )
  )

  it.effect("tells of each call when it began, how long it took, and how it ended", () =>
    inspecting(({ advance, client, inspector, settle, sockets }) =>
      Effect.gen(function* () {
        inspector.record()
        const vault = yield* client.mount(Vault, { props })
        inspector.disturb({ ...calm, delay: 100 })
        const exits = yield* Effect.forkChild(
          Effect.all(
            [vault.call.Rename({ title: "blue" }), vault.call.Open(), vault.call.Crash()].map((call) =>
              Effect.exit(call as Effect.Effect<void, unknown>)
            ),
            { concurrency: "unbounded" }
          ),
          { startImmediately: true }
        )
        yield* settle
        assert.deepStrictEqual(
          inspector.calls.calls.map(({ action, outcome }) => [action, outcome]),
          [
            ["Rename", undefined],
            ["Open", undefined],
            ["Crash", undefined]
          ]
        )
        for (let part = 0; part < 40; part++) yield* advance(10)
        assert.isDefined(exits.pollUnsafe())
        const ended = inspector.calls.calls.map(({ action, outcome, took }) => [
          action,
          outcome?.kind,
          outcome?.error,
          took
        ])
        assert.deepStrictEqual(ended, [
          ["Rename", "succeeded", "", 200],
          ["Open", "failed", "Locked", 200],
          ["Crash", "failed", "ComponentCrashed", 200]
        ])
        // Cut while it is under way, a call is sent again, and stays one call.
        inspector.disturb({ ...calm, delay: 1000 })
        const again = yield* Effect.forkChild(Effect.exit(vault.call.Rename({ title: "green" })), {
          startImmediately: true
        })
        yield* settle
        inspector.disturb(calm)
        sockets.at(-1)?.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" }))
        for (let part = 0; part < 40; part++) yield* advance(100)
        assert.deepStrictEqual(again.pollUnsafe(), Exit.succeed(Exit.void))
        const last = inspector.calls.calls.at(-1)
        assert.deepInclude(last, { action: "Rename", sent: 2 })
        assert.strictEqual(last?.outcome?.kind, "succeeded")
        assert.lengthOf(inspector.calls.calls, 4)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("is offline when somebody says so, and what is mounted goes on afterwards", () =>
    inspecting(({ advance, client, inspector, settle, sockets }) =>
      Effect.gen(function* () {
        const vault = yield* client.mount(Vault, { props })
        inspector.disturb({ ...calm, offline: true })
        yield* inspector.connection.reconnect
        for (let second = 0; second < 20; second++) yield* advance(1000)
        assert.lengthOf(sockets, 1)
        assert.isAbove(inspector.attempts, 1)
        assert.deepInclude((yield* client.connection).failure, {
          kind: "unreachable",
          url: "ws://live.test/api/live/rpc"
        })
        inspector.disturb(calm)
        yield* inspector.connection.retry
        yield* advance(10)
        yield* settle
        assert.strictEqual((yield* client.connection).status, "connected")
        yield* vault.call.Rename({ title: "back" })
        assert.strictEqual((yield* vault.view).activation, "resumed")
      }).pipe(Effect.scoped)
    )
  )
})

describe("the log of messages", () => {
  const message = { at: 0, direction: "in", component: "Counter", size: 10, body: {} } as const

  it("finds what is asked for, wherever it stands and whatever its case", () => {
    const log = new MessageLog()
    log.add({ ...message, kind: "Patched", summary: "count = 1" })
    log.add({ ...message, kind: "Event", summary: "Milestone", component: "Clock" })
    const found = (words: string) => log.found(words, 10).map(({ kind }) => kind)
    assert.deepStrictEqual(found(""), ["Patched", "Event"])
    assert.deepStrictEqual(found("COUNT "), ["Patched"])
    assert.deepStrictEqual(found("clock"), ["Event"])
    assert.deepStrictEqual(found("nothing"), [])
    assert.lengthOf(log.found("", 1), 1)
  })

  it("stays within its bounds, however many messages there are and however large they are", () => {
    const log = new MessageLog()
    for (const size of [10, maxBody, maxBody + 1, 5000]) {
      for (let index = 0; index < 2 * maxMessages; index++)
        log.add({ ...message, size, kind: "Event", summary: `${index}` })
      assert.isAtMost(log.messages.length, maxMessages)
      assert.isAtMost(log.characters, maxCharacters)
      // The newest are kept, and of one that is too large what it is about.
      const last = log.messages.at(-1)
      assert.deepInclude(last, { size, summary: `${2 * maxMessages - 1}`, body: size > maxBody ? undefined : {} })
    }
    assert.strictEqual(log.total, 8 * maxMessages)
    const bytes = log.messages.reduce((sum, { body, size }) => sum + (body === undefined ? 0 : size), 0)
    assert.isAtMost(bytes, maxCharacters)
  })

  it("keeps nothing while it is paused, and forgets everything when it is cleared", () => {
    const log = new MessageLog()
    log.isPaused = true
    log.add({ ...message, kind: "Event", summary: "" })
    log.isPaused = false
    assert.deepStrictEqual([log.total, log.messages], [0, []])
    log.add({ ...message, kind: "Event", summary: "" })
    log.clear()
    assert.deepStrictEqual([log.total, log.messages, log.characters], [0, [], 0])
  })
})

it("the log of calls keeps the last ones, and says which were given up", () => {
  const log = new CallLog()
  const call = { component: "Counter", action: "Increment", payload: {} }
  for (let callId = 1; callId <= 2 * maxCalls; callId++) log.sent({ ...call, callId }, callId)
  assert.deepStrictEqual(
    log.calls.map(({ callId }) => callId),
    Array.from({ length: maxCalls }, (_, index) => maxCalls + 1 + index)
  )
  log.settled(2 * maxCalls, 1000)
  const [first, last] = [log.calls[0], log.calls.at(-1)]
  assert.deepInclude(first, { took: 1000 - maxCalls - 1 })
  assert.strictEqual(first?.outcome?.error, "given up")
  assert.isUndefined(last?.outcome)
})

it.effect.prop("a value in a few characters is never long, however large it is", [Schema.Json], ([json]) =>
  Effect.sync(() => {
    const text = brief(json as never, 30)
    assert.isAtMost(text.length, 32)
  })
)
