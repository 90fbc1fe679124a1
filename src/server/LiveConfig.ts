/** Every number of the server, with its unit and its default. Provide your own with `LiveConfig.layer`. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"

/** The numbers of a live server. */
export interface Service {
  /** Prefix of every path the server takes. */
  readonly path: `/${string}`
  /** Which pages may open a socket: those of the same host, those of these origins (`https://example.org`), or any. */
  readonly allowedOrigins: "same-origin" | "any" | ReadonlyArray<string>
  /** Bytes of the largest frame a client may send; a larger one closes its connection with 1009. */
  readonly maxPayload: number
  /** Messages one frame may carry; one with more closes its connection with 1008. */
  readonly maxMessages: number
  /** Time between two pings. */
  readonly heartbeat: Duration.Duration
  /** Time without a sign of life after which a connection is closed. */
  readonly idleTimeout: Duration.Duration
  /** Batches a client may leave unacknowledged; then its changes wait, merged into one. */
  readonly windowBatches: number
  /** Bytes a client may leave unacknowledged; then its changes wait, merged into one. */
  readonly windowBytes: number
  /** Bytes in a socket's send buffer above which its changes wait, merged into one. */
  readonly highWaterMark: number
  /** Bytes in a socket's send buffer above which nothing more is read from it. */
  readonly pauseMark: number
  /** Bytes in a socket's send buffer above which it is closed. */
  readonly maxBuffered: number
  /** Mounts one connection may have; an instance that is mounted twice counts twice. */
  readonly maxComponents: number
  /** Instances with a key that may be active at once. */
  readonly maxKeyed: number
  /** Changes and events an instance remembers for readers that are behind. */
  readonly patchLog: number
  /** Bytes of them. */
  readonly patchLogBytes: number
  /** Changes a reader gets one by one in a single batch; more are merged into one. */
  readonly conflateAfter: number
}

/** The defaults. */
export const defaults: Service = {
  path: "/api/live",
  allowedOrigins: "same-origin",
  maxPayload: 1024 * 1024,
  maxMessages: 1024,
  heartbeat: Duration.seconds(15),
  idleTimeout: Duration.seconds(45),
  windowBatches: 16,
  windowBytes: 256 * 1024,
  highWaterMark: 64 * 1024,
  pauseMark: 1024 * 1024,
  maxBuffered: 16 * 1024 * 1024,
  maxComponents: 1024,
  maxKeyed: 100_000,
  patchLog: 256,
  patchLogBytes: 256 * 1024,
  conflateAfter: 16
}

/** The configuration in force. */
export const LiveConfig = Context.Reference<Service>("fibra/server/LiveConfig", { defaultValue: () => defaults })

/** Replaces some of the defaults. */
export const layer = (config: Partial<Service>): Layer.Layer<never> =>
  Layer.succeed(LiveConfig, { ...defaults, ...config })
