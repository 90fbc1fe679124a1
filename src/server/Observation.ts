/** What tells how a server is to those who run it, however it is served: the event loop, a collector, and its variables. */
import * as Layer from "effect/Layer"
import * as EventLoop from "./monitor/EventLoop.ts"
import * as Telemetry from "./monitor/Telemetry.ts"
import * as Variables from "./Variables.ts"

/** Once for all servers of a program. */
export const layer: Layer.Layer<never> = Layer.mergeAll(EventLoop.layer, Telemetry.layer, Variables.layer)
