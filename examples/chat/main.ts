// The chat's server, and nothing else: `npx tsx examples/chat/main.ts`, then `npx tsx examples/chat/client.ts Ada general`.
// #region main
import { Layer } from "effect"
import { LiveConfig, LiveServer } from "fibra/server"
import { components, layer } from "./live.gen.ts"

LiveServer.layerHttp({ components }).pipe(Layer.provide([layer, LiveConfig.layerConfig]), LiveServer.runMain)
// #endregion main
