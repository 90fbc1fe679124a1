/** A browser compresses what it sends, and reads what is compressed for it. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { served } from "../support/AnyJson.ts"
import { Port } from "../support/AuthorizationFixture.ts"
import { Chromium } from "../support/Chromium.ts"

/** What the page finds out. */
interface Outcome {
  readonly extensions: string
  readonly compression: boolean
  /** The results of its calls, in the order they came. */
  readonly results: ReadonlyArray<number>
  /** The length of the last value, as this page was told it. */
  readonly length: number
}

layer(Chromium.layer, { excludeTestServices: true, timeout: 120_000 })("a page", (it) => {
  it.effect("a page agrees on compression, and its messages arrive in order, small and large, in both directions", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const { page } = yield* Chromium.open(`http://127.0.0.1:${port}/`)
      const outcome = yield* Effect.promise(() =>
        page.evaluate(
          (url) =>
            new Promise<Outcome>((resolve, reject) => {
              const socket = new WebSocket(url)
              const results: Array<number> = []
              let compression = false
              let length = 0
              const send = (message: object) => socket.send(JSON.stringify(message))
              socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`))
              socket.onmessage = ({ data }) => {
                const message = JSON.parse(data)
                if (message.type === "CONNECTION_ESTABLISHED") {
                  compression = message.features.compression
                  send({ type: "COMPONENT_MOUNT", payload: { component: "AnyJson" }, requestId: "mount" })
                } else if (message.type === "COMPONENT_MOUNTED") {
                  const { componentId } = message.result
                  for (const times of [1, 20_000, 2, 5000, 3, 40_000]) {
                    const payload = { value: "wörd ".repeat(times) }
                    send({ type: "CALL_ACTION", componentId, action: "Put", payload, expectResponse: true })
                  }
                } else if (message.type === "STATE_UPDATE") {
                  length = message.payload.state.value?.length ?? length
                } else if (message.type === "ACTION_RESPONSE") {
                  results.push(message.result)
                  if (results.length === 6) resolve({ extensions: socket.extensions, compression, results, length })
                }
              }
            }),
          `ws://127.0.0.1:${port}/api/live/ws`
        )
      )
      assert.include(outcome.extensions, "permessage-deflate")
      assert.isTrue(outcome.compression)
      assert.deepStrictEqual(outcome.results, [1, 2, 3, 4, 5, 6])
      assert.strictEqual(outcome.length, 200_000)
    }).pipe(Effect.scoped, Effect.provide(served({ compression: true })))
  )
})
