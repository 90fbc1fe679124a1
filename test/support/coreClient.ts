/** A client of a server without a network, whose services are those of the test. */
import { Context, Effect } from "effect"
import { StateCache } from "fibra/client"
import { Transport } from "../../src/server/transport/Transport.ts"
import { LiveRpc } from "../../src/server/wire/rpc/LiveRpc.ts"
import { type ClientOptions, connect } from "../../src/testing/TestClient.ts"

export const coreClient = (options: ClientOptions = {}) =>
  Effect.contextWith((context: Context.Context<Transport | LiveRpc | StateCache.StateCache>) =>
    connect(
      () => ({ transport: Context.get(context, Transport), protocol: Context.get(context, LiveRpc) }),
      Context.get(context, StateCache.StateCache),
      options
    )
  )
