/** What has become of uploads, as metrics of the server. */
import { assert, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import * as Measurements from "../../../src/server/monitor/Measurements.ts"
import { png, wires } from "../../support/Album.ts"
import { JsonAlbum } from "../../support/JsonAlbum.ts"
import { parse } from "../../support/PrometheusText.ts"

const totals = Effect.map(Measurements.prometheus, (text) =>
  Object.fromEntries(
    parse(text)
      .flatMap(({ samples }) => samples)
      .filter(({ name }) => name.startsWith("fibra_upload"))
      .map(({ name, value }) => [name.replace(/^fibra_|_total$/g, ""), value])
  )
)

it.effect("uploads that have begun, were taken, and have failed are counted, and so are their bytes", () =>
  Effect.gen(function* () {
    const nothing = yield* totals
    assert.deepStrictEqual(new Set(Object.values(nothing)), new Set([0]))
    const album = yield* JsonAlbum()
    const picture = (filename: string) => ({ filename, fileType: "image/png" })
    yield* album.send(picture("a.png"), png)
    yield* album.send(picture("b.png"), png)
    yield* album.send(picture("refuse.png"), png)
    yield* album.start({ ...picture("c.png"), fileSize: 2 * png.length })
    yield* album.part(0, png)
    assert.deepStrictEqual(yield* totals, {
      uploads: 1,
      upload_buffer_bytes: 0,
      uploads_started: 4,
      uploads_completed: 2,
      uploads_failed: 1,
      upload_bytes: 4 * png.length
    })
  }).pipe(Effect.provide(wires()), Effect.provideService(Metric.MetricRegistry, new Map()))
)
