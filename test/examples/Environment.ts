/** Settings from the environment, for docs/configuration.md. */
// #region environment
import { Layer } from "effect"
import { LiveConfig } from "fibra/server"

// What the environment does not say is as it is here.
export const config = LiveConfig.layerConfig.pipe(
  Layer.provide(LiveConfig.layer({ allowedOrigins: ["https://example.org"], idleTimeout: "90 seconds" }))
)
// #endregion environment
