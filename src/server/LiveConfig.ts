/**
 * The settings of a server, each with its unit, its default and its possible values. A program sets them with
 * `LiveConfig.layer`, and lets its environment do so with `LiveConfig.layerConfig`. Both refuse invalid settings.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Str from "effect/String"
import type { ClientLimits } from "../ClientLimits.ts"
import * as Kind from "./SettingKind.ts"
import { IsFromEnvironment } from "./SettingsSource.ts"
import { withoutStack } from "./StartError.ts"

/** The settings of a live server. */
export interface Settings {
  /** The prefix of every path of the server. */
  readonly path: `/${string}`
  /** Pages that may connect: those of the same host, those of these origins (`https://example.org`), or any. */
  readonly allowedOrigins: Kind.Origins
  /**
   * Proxies in front of the server, each of which adds the address of its client to `X-Forwarded-For`; 0: the header is
   * not read.
   */
  readonly trustedProxies: number
  /** Bytes of the largest message of a client, before compression; a larger one closes its connection with 1009. */
  readonly maxPayload: number
  /** Whether messages are compressed (permessage-deflate) for clients that offer it. */
  readonly compression: boolean
  /** Bytes from which a message of the server is compressed. */
  readonly compressionThreshold: number

  /** Connections at the same time; one more is answered 503. */
  readonly maxConnections: number
  /** Connections from one address (of IPv6, from one /64) at the same time; one more is answered 429. */
  readonly maxConnectionsPerAddress: number
  /** Connections of one principal at the same time; one more is answered 429. */
  readonly maxConnectionsPerPrincipal: number
  /** Connections of one pool at the same time. There are as many pools as `maxConnections` need. */
  readonly maxConnectionsPerPool: number
  /** The pool of a new connection: the next one, or the one with the fewest connections. */
  readonly loadBalancing: "round-robin" | "least-connections"
  /**
   * How long `Authentication` may take; then the request is answered 503. The same for the rights `mount` and `join` of
   * `Authorization`; then they are not granted.
   */
  readonly authenticationTimeout: Duration.Duration
  /**
   * How long a client may wait with its first message or, on the JSON wire, with its answer to the first ping; then its
   * connection is closed with 1008.
   */
  readonly firstMessageTimeout: Duration.Duration
  /** Time between two pings. */
  readonly heartbeat: Duration.Duration
  /**
   * Time without a sign of life after which a connection is closed: a message, a pong, or 1 KiB a second of a message that
   * is coming in or leaving.
   */
  readonly idleTimeout: Duration.Duration

  /** Messages a second that one connection may send on average, above 0; more are refused with `RateLimited`. `Infinity`: no limit. */
  readonly rate: number
  /** Messages that one connection may send at once after a pause. */
  readonly rateBurst: number
  /** Messages beyond that, without a pause, after which a connection is closed with 1008. */
  readonly rateTolerance: number
  /** Messages in one frame; more close its connection with 1008. */
  readonly maxMessages: number
  /** Mounts of one connection; an instance that is mounted twice counts twice. */
  readonly maxComponents: number
  /** Rooms of one instance, and of one connection with all its instances. */
  readonly maxRooms: number

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
  /** Changes that a client gets one by one in a single batch; more are merged into one. */
  readonly conflateAfter: number
  /** Events that a connected client may be behind in one room; then it loses the oldest, and is told how many. */
  readonly maxEvents: number

  /**
   * How long an instance with a key stays active after the last client left, unless its behaviour says otherwise; then it
   * is passivated. 0: it stops at once. `Infinity`: it stays until there is no room for another one.
   */
  readonly maxIdleTime: Duration.Duration
  /** Instances with a key that may be active at once. */
  readonly maxKeyed: number
  /** Changes that an instance keeps for clients that are behind. */
  readonly patchLog: number
  /** The same, in bytes. */
  readonly patchLogBytes: number
  /** Bytes of changes that an instance keeps although all were sent, because they may not have arrived. */
  readonly retainedBytes: number
  /** Events that a room keeps for clients that come back; the same for an instance in no room. */
  readonly roomLog: number
  /** The same, in bytes. */
  readonly roomLogBytes: number

  /** How long a session continues without a connection. */
  readonly linger: Duration.Duration
  /**
   * Sessions that may continue without a connection; above that, anonymous ones end first, and of those the oldest of
   * the owner with most.
   */
  readonly maxParked: number
  /** The same for the sessions of one principal. */
  readonly maxParkedPerPrincipal: number
  /** Bytes of these sessions, with their states and answers. */
  readonly maxParkedBytes: number
  /** Answers that a session keeps until its client has confirmed them. */
  readonly maxResults: number
  /** The same, in bytes. */
  readonly maxResultBytes: number

  /** How long a state token is valid. */
  readonly tokenAge: Duration.Duration
  /** Longest time from a change to a token with it, and shortest time between two tokens of an instance. */
  readonly tokenInterval: Duration.Duration
  /** Characters of the longest state token; a larger state has none. */
  readonly maxTokenLength: number
  /** Whether state tokens are encrypted, so that clients cannot read in them. */
  readonly encryptTokens: boolean
  /** The audience of state tokens: servers with the same secret and another audience refuse them. */
  readonly audience: string
  /** Shortest time between two writes of one instance's state to the SnapshotStore. */
  readonly persistInterval: Duration.Duration
  /** How long one operation of the SnapshotStore may take before it counts as failed. */
  readonly storeTimeout: Duration.Duration

  /** The prefix of the paths of uploaded files. */
  readonly uploadsPath: `/${string}`
  /**
   * Bytes of the largest frame with a part of a file; other messages keep `maxPayload`. The largest part has 1 MiB,
   * which is a third more in base64.
   */
  readonly maxUploadPayload: number
  /** Bytes of one upload that may have been sent and not be stored; more is not taken. */
  readonly uploadWindow: number
  /** Uploads that are not complete, of one connection. */
  readonly maxUploadsPerConnection: number
  /** The same of one principal, or of one address for anonymous clients. */
  readonly maxUploadsPerPrincipal: number
  /** The same in all. */
  readonly maxUploads: number
  /** Bytes that the uploads of one connection that are not complete have declared. */
  readonly maxUploadBytesPerConnection: number
  /** The same of one principal, or of one address for anonymous clients. */
  readonly maxUploadBytesPerPrincipal: number
  /** The same in all. */
  readonly maxUploadBytes: number
  /** How long a connected client may send nothing of an upload; then it is ended and removed. */
  readonly uploadIdleTimeout: Duration.Duration
  /** How long an upload is kept whose client is gone; then it is removed. */
  readonly uploadLinger: Duration.Duration
  /** Bytes that uploads leave free in the UploadStore. */
  readonly minFreeDisk: number

  /** Time between two looks at the health of all instances; an unhealthy one is restarted. `Infinity`: nobody looks. */
  readonly healthInterval: Duration.Duration
  /** The time of one message in twenty to a component above which an alert is raised. */
  readonly alertActionTime: Duration.Duration
  /** The same of changes that are published. */
  readonly alertPublishTime: Duration.Duration
  /** The share of a component's actions that may crash in a minute, 0 to 1. */
  readonly alertErrorRate: number
  /** How long a message may wait for an instance. */
  readonly alertMailboxAge: Duration.Duration
  /** Bytes that an instance may hold. */
  readonly alertStateBytes: number
  /** Changes that a connected client may be behind an instance. */
  readonly alertBehind: number
  /** Time after the end of an alert in which the same is not raised again. */
  readonly alertCooldown: Duration.Duration
  /** Where Prometheus gets the metrics of the server. */
  readonly metricsPath: `/${string}`

  /** The share, from 0 to 1, of the traces that begin at this server that are recorded. Those of clients are as they say. */
  readonly traceSampling: number

  /** How long the server may take to end. */
  readonly drainTimeout: Duration.Duration
  /** The time over which clients distribute their return when the server ends. */
  readonly reconnectWithin: Duration.Duration
}

/** The default and the kind of each setting. Where 0 is possible, it means none. */
const table: {
  readonly [Name in keyof Settings]: readonly [byDefault: Settings[Name], kind: Kind.SettingKind<Settings[Name]>]
} = {
  path: ["/api/live", Kind.path],
  allowedOrigins: ["same-origin", Kind.origins],
  // Not Infinity: with more proxies than there are, clients could choose their address.
  trustedProxies: [0, Kind.limitedCount],
  maxPayload: [1024 * 1024, Kind.payload],
  compression: [false, Kind.flag],
  compressionThreshold: [1024, Kind.bytes(0)],
  maxConnections: [10_000, Kind.count(1)],
  maxConnectionsPerAddress: [256, Kind.count(1)],
  maxConnectionsPerPrincipal: [64, Kind.count(1)],
  maxConnectionsPerPool: [1000, Kind.count(1)],
  loadBalancing: ["round-robin", Kind.oneOf("round-robin", "least-connections")],
  authenticationTimeout: [Duration.seconds(5), Kind.someTime],
  firstMessageTimeout: [Duration.seconds(10), Kind.someTime],
  heartbeat: [Duration.seconds(15), Kind.someTime],
  idleTimeout: [Duration.seconds(45), Kind.someTime],
  rate: [50, Kind.rate],
  rateBurst: [100, Kind.count(1)],
  rateTolerance: [400, Kind.count(0)],
  maxMessages: [1024, Kind.count(1)],
  maxComponents: [1024, Kind.count(1)],
  maxRooms: [256, Kind.count(0)],
  windowBatches: [16, Kind.count(1)],
  windowBytes: [256 * 1024, Kind.bytes(1)],
  highWaterMark: [64 * 1024, Kind.bytes(1)],
  pauseMark: [1024 * 1024, Kind.bytes(1)],
  maxBuffered: [16 * 1024 * 1024, Kind.bytes(1)],
  conflateAfter: [16, Kind.count(0)],
  maxEvents: [1000, Kind.count(1)],
  maxIdleTime: [Duration.hours(1), Kind.someOrNoTime],
  maxKeyed: [100_000, Kind.count(0)],
  patchLog: [256, Kind.count(0)],
  patchLogBytes: [256 * 1024, Kind.bytes(0)],
  retainedBytes: [16 * 1024, Kind.bytes(0)],
  roomLog: [256, Kind.count(0)],
  roomLogBytes: [1024 * 1024, Kind.bytes(0)],
  linger: [Duration.seconds(45), Kind.someOrNoTime],
  maxParked: [10_000, Kind.count(0)],
  maxParkedPerPrincipal: [32, Kind.count(0)],
  maxParkedBytes: [256 * 1024 * 1024, Kind.bytes(0)],
  maxResults: [256, Kind.count(1)],
  maxResultBytes: [256 * 1024, Kind.bytes(0)],
  tokenAge: [Duration.hours(1), Kind.endingTime],
  tokenInterval: [Duration.seconds(1), Kind.someOrNoTime],
  maxTokenLength: [64 * 1024, Kind.bytes(0)],
  encryptTokens: [false, Kind.flag],
  audience: ["fibra", Kind.name],
  persistInterval: [Duration.seconds(1), Kind.someOrNoTime],
  storeTimeout: [Duration.seconds(5), Kind.someTime],
  uploadsPath: ["/api/uploads", Kind.path],
  maxUploadPayload: [2 * 1024 * 1024, Kind.payload],
  uploadWindow: [1024 * 1024, Kind.bytes(1)],
  maxUploadsPerConnection: [8, Kind.count(0)],
  maxUploadsPerPrincipal: [16, Kind.count(0)],
  maxUploads: [256, Kind.count(0)],
  maxUploadBytesPerConnection: [2 * 1024 ** 3, Kind.bytes(0)],
  maxUploadBytesPerPrincipal: [4 * 1024 ** 3, Kind.bytes(0)],
  maxUploadBytes: [16 * 1024 ** 3, Kind.bytes(0)],
  uploadIdleTimeout: [Duration.minutes(1), Kind.endingTime],
  uploadLinger: [Duration.hours(1), Kind.endingOrNoTime],
  minFreeDisk: [256 * 1024 ** 2, Kind.bytes(0)],
  healthInterval: [Duration.seconds(30), Kind.someTime],
  traceSampling: [1, Kind.share],
  alertActionTime: [Duration.seconds(2), Kind.someTime],
  alertPublishTime: [Duration.millis(250), Kind.someTime],
  alertErrorRate: [0.1, Kind.share],
  alertMailboxAge: [Duration.seconds(5), Kind.someTime],
  alertStateBytes: [1024 * 1024, Kind.bytes(1)],
  alertBehind: [256, Kind.count(1)],
  alertCooldown: [Duration.minutes(5), Kind.someOrNoTime],
  metricsPath: ["/metrics", Kind.path],
  drainTimeout: [Duration.seconds(10), Kind.endingOrNoTime],
  reconnectWithin: [Duration.seconds(2), Kind.endingOrNoTime]
}

const names = Object.keys(table) as ReadonlyArray<keyof Settings>

/** The defaults. */
export const defaults: Settings = Object.fromEntries(names.map((name) => [name, table[name][0]])) as never

/** The settings in force. */
export const LiveConfig = Context.Reference<Settings>("fibra/server/LiveConfig", { defaultValue: () => defaults })

/** What a client is told of them, so that it sends no more than it may. */
export const clientLimits = (settings: Settings): ClientLimits => {
  const { maxBuffered, maxComponents, maxMessages, maxPayload, maxResults, rate, rateBurst } = settings
  const limits = { rate, rateBurst, maxComponents, maxMessages, maxPayload, maxBuffered, maxResults }
  // JSON has no Infinity.
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit < Infinity))
}

/**
 * Settings that are not valid. `problems` has the name or the variable of each, its value, and what was expected.
 *
 * Goes to the program that starts the server.
 */
export class LiveConfigError extends Schema.TaggedError<LiveConfigError>()("LiveConfigError", {
  problems: Schema.Array(Schema.Struct({ setting: Schema.String, came: Schema.String, expected: Schema.String }))
}) {
  override get message(): string {
    return this.problems.map(({ came, expected, setting }) => `${setting} is ${came}. Expected ${expected}.`).join(" ")
  }

  get hint(): string {
    return "docs/configuration.md says what each setting is for, and what it may be."
  }
}

/** Settings as a program gives them: each has a default, and times are inputs of `Duration` (`"30 seconds"`). */
export type Options = {
  readonly [Name in keyof Settings]?: Settings[Name] extends Duration.Duration ? Duration.Input : Settings[Name]
}

/**
 * Replaces some of the defaults; dies of what no server can work with, and says which it is and what was expected.
 *
 * <!-- snippet: test/examples/Security.test.ts#limits -->
 *
 * ```ts
 * const limits = LiveConfig.layer({
 *   maxConnectionsPerPrincipal: 2, // two tabs
 *   trustedProxies: 1, // nginx
 *   rate: 20,
 *   rateBurst: 200
 * })
 * ```
 */
export const layer = (options: Options): Layer.Layer<never> =>
  Layer.effect(
    LiveConfig,
    Effect.suspend(() => {
      const given = Object.entries(options).map(([name, came]) => {
        const entry = Object.hasOwn(table, name) ? table[name as keyof Settings] : undefined
        return {
          name,
          setting: name,
          came,
          expected: entry?.[1].expected ?? "the name of a setting",
          value: entry?.[1].fromInput(came)
        }
      })
      return Effect.orDie(merge(defaults, given))
    })
  )

/** The variable that a setting has in the environment: `FIBRA_MAX_PAYLOAD` for `maxPayload`. */
export const variableOf = (name: keyof Settings): string => `FIBRA_${Str.constantCase(name)}`

/**
 * Reads every setting from the environment, by Effect's `Config`: `FIBRA_RATE=20`, `FIBRA_IDLE_TIMEOUT="2 minutes"`. What is not set
 * there, or is empty, is as the `LiveConfig.layer` that is provided to this one says, or by default.
 *
 * <!-- snippet: test/examples/Environment.ts#environment -->
 *
 * ```ts
 * import { Layer } from "effect"
 * import { LiveConfig } from "fibra/server"
 *
 * // What the environment does not say is as it is here.
 * export const config = LiveConfig.layerConfig.pipe(
 *   Layer.provide(LiveConfig.layer({ allowedOrigins: ["https://example.org"], idleTimeout: "90 seconds" }))
 * )
 * ```
 */
export const layerConfig: Layer.Layer<never, LiveConfigError | Config.ConfigError> = Layer.effectContext(
  Effect.gen(function* () {
    const given: Array<Given> = []
    for (const name of names) {
      const [, kind] = table[name]
      const setting = variableOf(name)
      const came = (yield* Config.withDefault(Config.String(setting), "")).trim()
      if (came !== "") given.push({ name, setting, came, expected: kind.expected, value: kind.fromText(came) })
    }
    const settings = yield* Effect.mapError(merge(yield* LiveConfig, given), withoutStack)
    return Context.make(LiveConfig, settings).pipe(Context.add(IsFromEnvironment, true))
  })
)

/** One setting that was given. */
interface Given {
  readonly name: string
  /** Its name or its variable. */
  readonly setting: string
  readonly came: unknown
  readonly expected: string
  /** Undefined when it is not valid. */
  readonly value: unknown
}

/** The settings, with those that were given in their place. */
const merge = (base: Settings, given: ReadonlyArray<Given>): Effect.Effect<Settings, LiveConfigError> => {
  const wrong = given.filter(({ value }) => value === undefined)
  const problems = wrong.map(({ came, expected, setting }) => ({ setting, came: shown(came), expected }))
  return problems.length > 0
    ? Effect.fail(new LiveConfigError({ problems }))
    : Effect.succeed({ ...base, ...Object.fromEntries(given.map(({ name, value }) => [name, value])) })
}

const shown = (came: unknown): string => (Duration.isDuration(came) ? Duration.format(came) : Formatter.format(came))
