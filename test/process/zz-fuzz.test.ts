import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { LiveClient } from "/work/main/src/client/index.ts"
import * as Proxy from "/work/main/test/process/Proxy.ts"
import * as ServerProcess from "/work/main/test/process/ServerProcess.ts"
import { Tally } from "/work/main/test/process/Tally.ts"
const file = new URL("file:///work/main/test/process/TallyServer.ts")
it.live("fuzz", () => Effect.gen(function* () {
  const server = yield* ServerProcess.start({ file })
  for (let seed = 0; seed < 25; seed++) {
    yield* Effect.scoped(Effect.gen(function* () {
      const proxy = yield* Proxy.make(server.port)
      const live = Context.get(yield* Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${proxy.port}/api/live/rpc` }))), LiveClient)
      const tally = live.openUnsafe(Tally, {})
      const acts: any[] = []
      let { connected } = tally.view
      tally.listen(() => { if (tally.view.connected && !connected) acts.push(tally.view.activation); connected = tally.view.connected })
      yield* Effect.addFinalizer(() => Effect.sync(() => tally.release()))
      yield* tally.mounted()
      let n = 0, c = 0
      const failures: any[] = []
      const answers = yield* Effect.forEach(Array.from({ length: 1000 }), () => tally.call("Add", { by: 1 }).pipe(
        Effect.tap(() => Effect.sync(() => {
          if (++n % 20 !== 5) return
          c++
          const r = () => Math.floor(Math.random() * 2)
          const ways = ["toClient", "toServer"] as const
          proxy.cut({ way: ways[r()]!, bytes: 1 + Math.floor(Math.random() * 1500) })
          for (let k = 0; k < 3; k++) if (Math.random() < 0.5) proxy.cut({ way: ways[r()]!, bytes: 1 + Math.floor(Math.random() * 1500) })
        })),
        Effect.catch((e: any) => Effect.sync(() => { failures.push([seed, c, e.message]); return -1 }))
      ), { concurrency: 8 }).pipe(Effect.timeoutOrElse({ duration: "15 seconds", orElse: () => Effect.sync(() => { console.log("HANG", seed, n, JSON.stringify(tally.view), proxy.cuts()); return [] }) }))
      const counts: any = {}; for (const a of acts) counts[a] = (counts[a] ?? 0) + 1
      console.log(seed, tally.view.state, proxy.cuts(), counts, failures, new Set(answers).size)
    }))
  }
}), 600000)
