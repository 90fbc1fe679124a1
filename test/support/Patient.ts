/** A component that does what a monitor has to notice, and clients of a server that can be asked for its monitor. */
import { Context, Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveConfig, Secrets } from "fibra/server"
import * as StateCache from "../../src/client/StateCache.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { Transport } from "../../src/server/transport/Transport.ts"
import { LiveRpc } from "../../src/server/wire/rpc/LiveRpc.ts"
import { type ClientOptions, connect } from "../../src/testing/TestClient.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

export class Patient extends Component.Service<Patient>()("Patient", {
  state: { count: Schema.Int, note: Schema.String },
  initial: () => ({ count: 0, note: "" }),
  writable: ["note"],
  actions: [
    Rpc.make("Count", { success: Schema.Int }),
    Rpc.make("Note", { payload: { text: Schema.String } }),
    Rpc.make("Look"),
    Rpc.make("Refuse", { error: Refused }),
    Rpc.make("Crash"),
    Rpc.make("Sleep", { payload: { millis: Schema.Int } }),
    Rpc.make("Hang"),
    Rpc.make("Cling")
  ]
}) {}

/** In virtual time nobody would wait between two restarts. */
const restart = { intensity: 20, backoff: 0 }

/** Its behaviour. */
export const PatientLayer = Patient.toLayer(
  Effect.gen(function* () {
    const self = yield* Patient
    return Patient.of({
      Count: () =>
        Effect.map(
          self.update((state) => ({ ...state, count: state.count + 1 })),
          ({ count }) => count
        ),
      Note: ({ text }) => Effect.asVoid(self.update((state) => ({ ...state, note: text }))),
      Look: () => Effect.void,
      Refuse: () => Effect.fail(new Refused()),
      Crash: () => Effect.die(new Error("it broke")),
      Sleep: ({ millis }) => Effect.sleep(millis),
      Hang: () => Effect.never,
      Cling: () => Effect.uninterruptible(Effect.never)
    })
  }),
  { callTimeout: "2 minutes", maxIdleTime: "10 minutes", restart }
)

/** A server of patients with a log, and with settings. */
export const hospitalWith = (log: Layer.Layer<never>, config: LiveConfig.Options = {}) =>
  LiveCore.layer({ components: [Patient] }).pipe(
    Layer.provide(PatientLayer),
    Layer.provideMerge(StateCache.layerMemory),
    Layer.provide([Secrets.layerRandom, log, LiveConfig.layer({ rate: Infinity, ...config })])
  )

/** A server of patients. */
export const hospital = hospitalWith(Logger.layer([]))

/** A client of that server. */
export const client = (options: ClientOptions = {}) =>
  Effect.contextWith((context: Context.Context<Transport | LiveRpc | StateCache.StateCache>) =>
    connect(
      () => ({ transport: Context.get(context, Transport), protocol: Context.get(context, LiveRpc) }),
      Context.get(context, StateCache.StateCache),
      options
    )
  )
