/** A client over sockets in memory, and the inspector of the devtools, which sits at them. The server is the one of the test. */
import { Clock, Context, Duration, Effect, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Link, LiveClient, StateCache } from "fibra/client"
import { Inspector } from "../../src/devtools/Inspector.ts"
import type { TimeAndChance } from "../../src/devtools/Simulator.ts"
import { Transport } from "../../src/server/transport/Transport.ts"
import { LiveRpc } from "../../src/server/wire/rpc/LiveRpc.ts"
import { MemorySocket, settle } from "./MemorySockets.ts"

/** Connects until the Scope closes. */
export const inspectedClient = Effect.gen(function* () {
  const context = yield* Effect.context<never>()
  const [clock, random] = [yield* Clock.Clock, yield* Random.Random]
  const server = { transport: yield* Transport, protocol: yield* LiveRpc }
  const sockets: Array<MemorySocket> = []
  const link = yield* Link.make({ url: "ws://live.test/api/live/rpc?as=ada" }, () => {
    const socket = new MemorySocket(server)
    sockets.push(socket)
    return socket as unknown as WebSocket
  })
  const services = Layer.merge(Layer.succeed(Link.Link, link), Layer.fresh(StateCache.layerMemory))
  const built = yield* Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(), services)))
  const client = Context.get(built, LiveClient)
  const time: TimeAndChance = {
    now: () => clock.currentTimeMillisUnsafe(),
    after: (millis, then) => {
      const fiber = Effect.runForkWith(context)(Effect.andThen(Effect.sleep(millis), Effect.sync(then)))
      return () => fiber.interruptUnsafe()
    },
    random: () => random.nextDoubleUnsafe()
  }
  const settled = settle(server)
  yield* settled
  return {
    client,
    inspector: new Inspector(client, time, () => {}),
    sockets,
    settle: settled,
    advance: (millis: number) => Effect.andThen(TestClock.adjust(Duration.millis(millis)), settled)
  }
})
