/** A server with a monitor on a port of its own, and requests to it with whatever headers a test likes. */
import { type IncomingHttpHeaders, request } from "node:http"
import { ConfigProvider, Effect, Layer, Logger, References } from "effect"
import { HttpServer } from "effect/http"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"
import { CounterFixture, CounterFixtureLayer } from "./CounterFixture.ts"

/** A line of the log. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly labels: Readonly<Record<string, unknown>>
}

/** How to serve. */
export interface Options {
  /** `FIBRA_MONITOR_TOKEN`. */
  readonly token?: string
  readonly config?: LiveConfig.Options
  /** Gets each line of the log. */
  readonly log?: (line: Line) => void
}

/** What surrounds a server: settings, secrets, environment and log. */
export const surroundings = ({ config = {}, log = () => {}, token }: Options = {}) =>
  Layer.mergeAll(
    Secrets.layerRandom,
    LiveConfig.layer(config),
    ConfigProvider.layer(ConfigProvider.fromEnv({ env: token === undefined ? {} : { FIBRA_MONITOR_TOKEN: token } })),
    Logger.layer([
      Logger.make<unknown, void>(({ fiber, logLevel, message }) =>
        log({
          level: logLevel,
          message: String([message].flat()[0]),
          labels: fiber.getRef(References.CurrentLogAnnotations)
        })
      )
    ])
  )

/** A server of counters. */
export const counters = LiveServer.layerHttp({ components: [CounterFixture], port: 0, host: "127.0.0.1" }).pipe(
  Layer.provide(CounterFixtureLayer)
)

/** Where the server listens. */
export const port = Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) =>
  "port" in address ? address.port : 0
)

/** What proxies, tunnels and content networks add to a request, each in its way. */
export const proxies: ReadonlyArray<Readonly<Record<string, string>>> = [
  { "x-forwarded-for": "127.0.0.1" },
  { "x-forwarded-proto": "https" },
  { "x-forwarded": "for=127.0.0.1" },
  { "forwarded-for": "127.0.0.1" },
  { X_Forwarded_For: "127.0.0.1" },
  { forwarded: "for=192.0.2.1" },
  { via: "1.1 cache" },
  { "x-real-ip": "127.0.0.1" },
  { "x-client-ip": "127.0.0.1" },
  { "client-ip": "127.0.0.1" },
  { "x-cluster-client-ip": "127.0.0.1" },
  { "x-original-url": "/" },
  { "x-remote-addr": "127.0.0.1" },
  { "x-envoy-external-address": "127.0.0.1" },
  { "x-azure-clientip": "127.0.0.1" },
  { "x-appengine-user-ip": "127.0.0.1" },
  { "x-nf-client-connection-ip": "127.0.0.1" },
  { "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678" },
  { "x-arr-log-id": "1" },
  { "cf-ray": "1-AMS" },
  { "cf-connecting-ip": "192.0.2.1" },
  { "true-client-ip": "127.0.0.1" },
  { "fastly-client-ip": "127.0.0.1" },
  { "fly-client-ip": "127.0.0.1" },
  { "tailscale-user-login": "ada@example.org" },
  { "cdn-loop": "cloudflare" },
  { "proxy-connection": "keep-alive" }
]

/** How to ask. */
export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What is answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends a request on a connection of its own. */
export const ask = (port: number, path: string, { body, headers, method = "GET" }: Question = {}) =>
  Effect.callback<Answer>((resume) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => void (text += chunk))
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text }))
      )
    })
    asked.on("error", (error) => resume(Effect.die(error)))
    asked.end(body)
  })

/** The JSON of an answer. */
export const jsonOf = ({ text }: Answer): Readonly<Record<string, unknown>> =>
  JSON.parse(text) as Readonly<Record<string, unknown>>
