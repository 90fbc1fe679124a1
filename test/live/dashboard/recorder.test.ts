/** A crash of the night: recorded from the dashboard, downloaded, and a test in the morning. Over real sockets. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { LiveServer } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { InstanceDetail } from "../../../src/dashboard/InstanceDetail.ts"
import { InstanceTable } from "../../../src/dashboard/InstanceTable.ts"
import { Basket, BasketLayer, MendedBasketLayer } from "../../examples/Basket.ts"
import { ask, port, surroundings } from "../../support/MonitoredServer.ts"

const path = "/api/live/dashboard"

const served = LiveServer.layerHttp({ components: [Basket], port: 0, host: "127.0.0.1", dashboard: true }).pipe(
  Layer.provide([BasketLayer, surroundings()])
)

const clientOf = (at: number, endpoint: string) =>
  Effect.map(
    Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${at}${endpoint}` }))),
    (context) => Context.get(context, LiveClient)
  )

it.live("a crash that was recorded from the dashboard fails as a test, and passes when the handler is mended", () =>
  Effect.gen(function* () {
    const at = yield* port
    const basket = yield* (yield* clientOf(at, "/api/live/rpc")).mount(Basket, {})
    const dashboard = yield* clientOf(at, `${path}/rpc`)
    const table = yield* dashboard.mount(InstanceTable, { props: { text: "", kind: "" } })
    const id = (yield* table.state).rows[0]?.id ?? ""
    const detail = yield* dashboard.mount(InstanceDetail, { props: { id } })
    assert.isNull((yield* detail.state).recording)
    const nothing = yield* ask(at, `${path}/recordings/${id}`)
    assert.strictEqual(nothing.status, 404)

    yield* detail.call.StartRecording()
    const item = yield* basket.call.Add({ name: "pears", price: 3 })
    yield* basket.call.Redeem({ voucher: "a voucher of somebody" })
    yield* basket.call.Remove({ id: item })
    yield* Effect.exit(basket.call.Remove({ id: item }))
    const revealed = yield* detail.call.Reveal()
    assert.deepInclude(JSON.parse(revealed.text), { items: [], voucher: "[redacted]" })

    const file = yield* ask(at, `${path}/recordings/${id}?crash`)
    assert.strictEqual(file.status, 200)
    assert.match(file.headers["content-disposition"] ?? "", /^attachment; filename="Basket-[\w-]{8}\.recording\.json"$/)
    assert.notInclude(file.text, "a voucher of somebody")
    const secrets = { "state.voucher": "", "Redeem.voucher": "another" }
    const replay = LiveTest.replay(Basket, JSON.parse(file.text), { secrets })
    const failed = yield* Effect.flip(Effect.provide(replay, BasketLayer))
    assert.strictEqual(failed._tag, "ReplayCrashed")
    const { mended } = yield* Effect.provide(replay, MendedBasketLayer)
    assert.lengthOf(mended, 1)

    yield* detail.call.StopRecording()
    const { recording } = yield* detail.state
    assert.deepInclude(recording, { isRecording: false, messages: 0 })
    assert.isNumber(recording?.crashedAt)
    const refused = yield* ask(at, `${path}/recordings/${id}?crash`, { headers: { "x-forwarded-for": "192.0.2.1" } })
    assert.strictEqual(refused.status, 403)
  }).pipe(Effect.scoped, Effect.provide(served))
)
