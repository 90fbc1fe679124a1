/**
 * Every number of the server, with its unit, its default, and what it may be. Provide your own with `LiveConfig.layer`, which takes
 * none that a server cannot work with.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** The numbers of a live server. */
export interface Settings {
  /** Prefix of every path the server takes. */
  readonly path: `/${string}`
  /** Which pages may open a socket: those of the same host, those of these origins (`https://example.org`), or any. */
  readonly allowedOrigins: "same-origin" | "any" | ReadonlyArray<string>
  /** Bytes of the largest frame a client may send; a larger one closes its connection with 1009. */
  readonly maxPayload: number
  /** Messages one frame may carry; one with more closes its connection with 1008. */
  readonly maxMessages: number
  /** Connections there may be at once; one more is answered 503. */
  readonly maxConnections: number
  /** Connections from one address (of IPv6, from one /64) at once; one more is answered 429. */
  readonly maxConnectionsPerAddress: number
  /** Connections of one principal at once; one more is answered 429. */
  readonly maxConnectionsPerPrincipal: number
  /** Proxies in front of the server, each of which adds to `X-Forwarded-For` whom it was asked by; 0: the header is not read. */
  readonly trustedProxies: number
  /** How long `Authentication` may take; then the request is answered 503. */
  readonly authenticationTimeout: Duration.Duration
  /** How long a client may wait with its first message; then its connection is closed with 1008. */
  readonly firstMessageTimeout: Duration.Duration
  /** Messages a second that one connection may send on average, above 0; more are refused with `RateLimited`. `Infinity`: no limit. */
  readonly rate: number
  /** Messages one connection may send at once, after a pause. */
  readonly rateBurst: number
  /** Messages beyond that, without a pause, after which a connection is closed with 1008. */
  readonly rateTolerance: number
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
  /** Rooms one instance, and one connection with all its instances, may be in. */
  readonly maxRooms: number
  /** Events a client may be behind in one room while it is connected; then the oldest are lost to it, and it is told how many. */
  readonly maxEvents: number
  /** Events a room remembers for clients that come back; for those of an instance in no room, the same. */
  readonly roomLog: number
  /** Bytes of the events a room remembers, whoever has not read them. */
  readonly roomLogBytes: number
  /** Changes an instance remembers for readers that are behind. */
  readonly patchLog: number
  /** Bytes of them. */
  readonly patchLogBytes: number
  /** Changes a reader gets one by one in a single batch; more are merged into one. */
  readonly conflateAfter: number
  /** Bytes of changes an instance remembers when all were sent, because they may not have arrived. */
  readonly retainedBytes: number
  /** How long a session goes on without a connection. */
  readonly linger: Duration.Duration
  /** Sessions that may go on without a connection; then the oldest end, the anonymous first. */
  readonly maxParked: number
  /** The same for the sessions of one principal. */
  readonly maxParkedPerPrincipal: number
  /** Bytes of their states and answers. */
  readonly maxParkedBytes: number
  /** Answers a session keeps until its client has confirmed them. */
  readonly maxResults: number
  /** Bytes of them. */
  readonly maxResultBytes: number
  /** How long a state token is good. */
  readonly tokenAge: Duration.Duration
  /** Longest time from a change to a token that has it, and shortest between two tokens of an instance. */
  readonly tokenInterval: Duration.Duration
  /** Characters of the longest state token; of a larger state there is none. */
  readonly maxTokenLength: number
  /** Whether state tokens are encrypted, so that clients cannot read in them. */
  readonly encryptTokens: boolean
  /** Whose state tokens these are: servers with the same secret and another audience do not take them. */
  readonly audience: string
  /** Shortest time between two writes of one instance's state to the SnapshotStore. */
  readonly persistInterval: Duration.Duration
  /** How long one operation of the SnapshotStore may take before it counts as failed. */
  readonly storeTimeout: Duration.Duration
  /** How long the server may take to end. */
  readonly drainTimeout: Duration.Duration
  /** The time over which clients spread their return when the server ends. */
  readonly reconnectWithin: Duration.Duration
}

/** The defaults. */
export const defaults: Settings = {
  path: "/api/live",
  allowedOrigins: "same-origin",
  maxPayload: 1024 * 1024,
  maxMessages: 1024,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 256,
  maxConnectionsPerPrincipal: 64,
  trustedProxies: 0,
  authenticationTimeout: Duration.seconds(5),
  firstMessageTimeout: Duration.seconds(10),
  rate: 50,
  rateBurst: 100,
  rateTolerance: 400,
  heartbeat: Duration.seconds(15),
  idleTimeout: Duration.seconds(45),
  windowBatches: 16,
  windowBytes: 256 * 1024,
  highWaterMark: 64 * 1024,
  pauseMark: 1024 * 1024,
  maxBuffered: 16 * 1024 * 1024,
  maxComponents: 1024,
  maxKeyed: 100_000,
  maxRooms: 256,
  maxEvents: 1000,
  roomLog: 256,
  roomLogBytes: 1024 * 1024,
  patchLog: 256,
  patchLogBytes: 256 * 1024,
  conflateAfter: 16,
  retainedBytes: 16 * 1024,
  linger: Duration.seconds(45),
  maxParked: 10_000,
  maxParkedPerPrincipal: 32,
  maxParkedBytes: 256 * 1024 * 1024,
  maxResults: 256,
  maxResultBytes: 256 * 1024,
  tokenAge: Duration.hours(1),
  tokenInterval: Duration.seconds(1),
  maxTokenLength: 64 * 1024,
  encryptTokens: false,
  audience: "fibra",
  persistInterval: Duration.seconds(1),
  storeTimeout: Duration.seconds(5),
  drainTimeout: Duration.seconds(10),
  reconnectWithin: Duration.seconds(2)
}

/** The configuration in force. */
export const LiveConfig = Context.Reference<Settings>("fibra/server/LiveConfig", { defaultValue: () => defaults })

const number = (expected: string, isValid: (value: number) => boolean) =>
  Schema.Number.check(Schema.makeFilter(isValid, { expected }))

const time = (expected: string, isValid: (millis: number) => boolean) =>
  Schema.Duration.annotate({ expected }).check(
    Schema.makeFilter((value) => isValid(Duration.toMillis(value)), { expected })
  )

/** Things or bytes; `Infinity` is no limit. */
const countFrom = (least: 0 | 1) =>
  number(
    `a whole number of at least ${least}, or Infinity`,
    (value) => value === Infinity || (value >= least && Number.isInteger(value))
  )

const some = countFrom(1)
const someOrNone = countFrom(0)
const someTime = time("a Duration above 0, or Duration.infinity", (millis) => millis > 0)
const someOrNoTime = time("a Duration of at least 0, or Duration.infinity", (millis) => millis >= 0)
/** Those that clients are told, or that are divided up: neither can be done with what does not end. */
const endingTime = time("a Duration above 0 that ends", (millis) => millis > 0 && millis < Infinity)
const endingOrNoTime = time("a Duration of at least 0 that ends", (millis) => millis >= 0 && millis < Infinity)

/** What each may be. Where 0 is taken it means none; where it would make a server that serves nobody, it is not. */
const Valid: Schema.Decoder<Settings> = Schema.Struct({
  path: Schema.String.pipe(
    Schema.refine((path): path is Settings["path"] => path.startsWith("/"), {
      expected: "a path that begins with a slash"
    })
  ),
  allowedOrigins: Schema.Union([Schema.Literals(["same-origin", "any"]), Schema.Array(Schema.String)]),
  // `ws` makes 32 bits of it, and takes 0 and what is below for no limit.
  maxPayload: number(
    "a whole number from 1 to 2 147 483 647, or Infinity",
    (value) => value === Infinity || (value >= 1 && value < 2 ** 31 && Number.isInteger(value))
  ),
  maxMessages: some,
  maxConnections: some,
  maxConnectionsPerAddress: some,
  maxConnectionsPerPrincipal: some,
  // Not Infinity: with more than there are, anybody says which address is theirs.
  trustedProxies: number("a whole number of at least 0", (value) => value >= 0 && Number.isInteger(value)),
  authenticationTimeout: someTime,
  firstMessageTimeout: someTime,
  rate: number("a number above 0, or Infinity", (value) => value > 0),
  rateBurst: some,
  rateTolerance: someOrNone,
  heartbeat: someTime,
  idleTimeout: someTime,
  windowBatches: some,
  windowBytes: some,
  highWaterMark: some,
  pauseMark: some,
  maxBuffered: some,
  maxComponents: some,
  maxKeyed: someOrNone,
  maxRooms: someOrNone,
  maxEvents: some,
  roomLog: someOrNone,
  roomLogBytes: someOrNone,
  patchLog: someOrNone,
  patchLogBytes: someOrNone,
  conflateAfter: someOrNone,
  retainedBytes: someOrNone,
  linger: someOrNoTime,
  maxParked: someOrNone,
  maxParkedPerPrincipal: someOrNone,
  maxParkedBytes: someOrNone,
  maxResults: some,
  maxResultBytes: someOrNone,
  tokenAge: endingTime,
  tokenInterval: someOrNoTime,
  maxTokenLength: someOrNone,
  encryptTokens: Schema.Boolean,
  audience: Schema.String,
  persistInterval: someOrNoTime,
  storeTimeout: someTime,
  drainTimeout: endingOrNoTime,
  reconnectWithin: endingOrNoTime
})

const decode = Schema.decodeUnknownEffect(Valid, { errors: "all", reportInput: true })
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const invalid = ({ issue }: Schema.SchemaError): Error => {
  const lines = issuesOf(issue).issues.map(({ message, path = [] }) => `${path.join(".")}: ${message}`)
  return new Error(
    `LiveConfig.layer was given what no server can work with. ${lines.join(". ")}. See docs/configuration.md.`
  )
}

/** Replaces some of the defaults; dies of what is not to be worked with, and says which and what was expected. */
export const layer = (config: Partial<Settings>): Layer.Layer<never> =>
  Layer.effect(LiveConfig, decode({ ...defaults, ...config }).pipe(Effect.catch((error) => Effect.die(invalid(error)))))
