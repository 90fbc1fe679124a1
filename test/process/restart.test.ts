/** A server that ends takes no state with it, whether it is killed or asked to end. Real processes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Crowd from "./Crowd.ts"
import * as ServerProcess from "./ServerProcess.ts"

const file = new URL("TallyServer.ts", import.meta.url)
const size = 1000

const urlOf = ({ port }: ServerProcess.ServerProcess) => `ws://127.0.0.1:${port}/api/live/rpc`

/** Waits until all are back, and checks how. */
const allAreBack = Effect.fnUntraced(function* (crowd: ReadonlyArray<Crowd.Member>, since: number) {
  yield* Crowd.all(crowd, ({ tally }) => Effect.map(tally.view, ({ connected }) => connected))
  const took = performance.now() - since
  for (const { own, tally } of crowd) {
    const { activation, state } = yield* tally.view
    assert.deepStrictEqual({ activation, state }, { activation: "rehydrated", state: { count: own } })
  }
  const counts = yield* Crowd.each(crowd, ({ tally }) => tally.call.Add({ by: 1 }))
  assert.deepStrictEqual(
    counts,
    crowd.map(({ own }) => own + 1)
  )
  console.log("added again"); return Math.round(took)
})

describe("a server that a thousand clients are connected to", () => {
  it.live(
    "is killed and started again, and every client goes on where it was",
    () =>
      Effect.gen(function* () {
        const T=performance.now(); const server = yield* ServerProcess.start({ file })
        console.log("listening", performance.now()-T); const crowd = yield* Crowd.make(size, urlOf(server))
        console.log("mounted", performance.now()-T); yield* Crowd.each(crowd, ({ own, tally }) => tally.call.Add({ by: own }))
        console.log("added", performance.now()-T);yield* Crowd.all(crowd, ({ own, sealed }) => Effect.sync(() => sealed() === own))
        assert.strictEqual((yield* server.end("SIGKILL")).signal, "SIGKILL")
        console.log("ended", performance.now()-T); const again = yield* ServerProcess.start({ file, port: server.port })
        const took = yield* allAreBack(crowd, again.since)
        console.log(`killed: all ${size} clients were back ${took} ms after the server listened again`)
      }),
    30_000
  )

  it.live(
    "is asked to end, and nothing is lost that was answered",
    () =>
      Effect.gen(function* () {
        const env = { RECONNECT_WITHIN: "1000" }
        const T=performance.now(); const server = yield* ServerProcess.start({ file, env })
        console.log("listening", performance.now()-T); const crowd = yield* Crowd.make(size, urlOf(server))
        console.log("mounted", performance.now()-T); yield* Crowd.each(crowd, ({ own, tally }) => tally.call.Add({ by: own }))
        const asked = performance.now()
        const ended = yield* server.end("SIGTERM")
        const took = Math.round(performance.now() - asked)
        console.log(`asked to end: it took ${took} ms`, ended)
        console.log("ended", performance.now()-T); const again = yield* ServerProcess.start({ file, port: server.port, env })
        const back = yield* allAreBack(crowd, again.since)
        const dials = crowd.map(({ dials }) => Math.round((dials[1] ?? 0) - asked)).toSorted((a, b) => a - b)
        console.log([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999].map((at) => dials[Math.floor(at * size)]))
        console.log(`asked to end: all ${size} clients were back ${back} ms after the server listened again`)
      }),
    30_000
  )
})
