/** A whole run over real sockets, with all that may go wrong: nothing that somebody keeps to themselves is in the log. */
import { assert, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Layer, Logger, References } from "effect"
import { Authentication, LiveServer, UploadStore } from "fibra/server"
import { Album, AlbumLayer } from "../../support/Album.ts"
import { knock, request } from "../../support/Handshake.ts"
import { connect } from "../../support/JsonSocket.ts"
import { ask, port } from "../../support/MonitoredServer.ts"
import { Patient, PatientLayer } from "../../support/Patient.ts"
import { connect as connectRpc } from "../../support/RawSocket.ts"

const secrets = {
  ofTheServer: "the-secret-that-signs-all-tokens-of-this-server",
  ofTheMonitor: "the-token-that-opens-the-monitor-to-anybody",
  guess: "a-guess-of-the-token-that-opens-the-monitor",
  ofAda: "the-token-that-ada-has-signed-in-with",
  claim: "what-only-the-server-knows-of-ada",
  cookie: "what-a-browser-sends-by-itself",
  state: "what-the-patient-has",
  payload: "what-was-sent-to-an-action",
  file: "what-is-written-in-the-file"
}

const authentication = Authentication.layer((request) => {
  const token = Authentication.token(request, { query: "token" })
  if (token === undefined) return Effect.undefined
  if (token === secrets.ofAda) return Effect.succeed({ id: "ada", claims: { clearance: secrets.claim } })
  return Effect.fail(new Authentication.Unauthorized({ detail: "no such session" }))
})

const env = { FIBRA_SECRET: secrets.ofTheServer, FIBRA_MONITOR_TOKEN: secrets.ofTheMonitor }

/** Everything that is said, at every level. */
const served = (lines: Array<string>) =>
  LiveServer.layerHttp({ components: [Patient, Album], port: 0, host: "127.0.0.1", dashboard: true }).pipe(
    Layer.provide([PatientLayer, AlbumLayer, authentication, UploadStore.layerMemory]),
    Layer.provide([
      ConfigProvider.layer(ConfigProvider.fromEnv({ env })),
      Layer.succeed(References.MinimumLogLevel, "All"),
      Logger.layer([
        Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
          const labels = fiber.getRef(References.CurrentLogAnnotations)
          lines.push(`${logLevel} ${JSON.stringify(message)} ${JSON.stringify(labels)} ${Cause.pretty(cause)}`)
        })
      ])
    ])
  )

/** What the server has given to somebody, who is to keep it. */
const tokens = new Set<string>()

/** The tokens in a message, wherever they are. */
const keep = (message: unknown): void => {
  for (const [, token = ""] of JSON.stringify(message).matchAll(/"(?:signedState|sessionToken|token)":"([^"]+)"/g)) {
    tokens.add(token)
  }
}

const spoilt = (token: string) => `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`

const openWire = (at: number) =>
  Effect.gen(function* () {
    const socket = yield* connect(at, { token: secrets.ofAda })
    const say = (message: object) => Effect.tap(socket.request(message), (reply) => Effect.sync(() => keep(reply)))
    const patient = yield* socket.mount({ component: "Patient" })
    yield* say({ type: "CALL_ACTION", componentId: patient, action: "Note", payload: { text: secrets.state } })
    for (const payload of [{ text: [secrets.payload] }, { [secrets.payload]: 1 }, secrets.payload]) {
      yield* say({ type: "CALL_ACTION", componentId: patient, action: "Note", payload })
    }
    yield* say({
      type: "PROPERTY_UPDATE",
      componentId: patient,
      payload: { property: "note", value: [secrets.payload] }
    })
    yield* say({ type: "COMPONENT_MOUNT", payload: { component: "Patient", props: { secret: secrets.payload } } })
    yield* say({ type: "SOMETHING_ELSE", secret: secrets.payload })
    yield* say({ type: "CALL_ACTION", componentId: patient, action: "Crash" })
    yield* socket.sendText(`{"type":"CALL_ACTION","payload":"${secrets.payload}`)
    for (const { payload } of socket.seen as ReadonlyArray<{ readonly payload?: unknown }>) keep(payload ?? {})
    for (const signedState of Array.from(tokens, spoilt)) {
      yield* say({ type: "COMPONENT_REHYDRATE", payload: { component: "Patient", signedState } })
    }
    const album = yield* socket.mount({ component: "Album" })
    for (const name of ["a", "refuse", "crash"]) {
      const about = { componentId: album, uploadId: name }
      const content = Buffer.from(secrets.file)
      const file = { filename: `${name}.txt`, fileType: "text/plain", fileSize: content.length, upload: "any" }
      yield* say({ type: "FILE_UPLOAD_START", ...about, ...file })
      yield* say({ type: "FILE_UPLOAD_CHUNK", ...about, chunkIndex: 0, totalChunks: 1, data: `!${secrets.file}` })
      const data = content.toString("base64")
      yield* say({ type: "FILE_UPLOAD_CHUNK", ...about, chunkIndex: 0, totalChunks: 1, data })
      yield* say({ type: "FILE_UPLOAD_COMPLETE", ...about })
    }
    for (const message of socket.seen) keep(message)
  }).pipe(Effect.scoped)

const rpcWire = (at: number) =>
  Effect.gen(function* () {
    const url = `ws://127.0.0.1:${at}/api/live/rpc?token=${secrets.ofAda}`
    const socket = yield* connectRpc(url)
    socket.send(request(1, "Connect", {}))
    const { values } = yield* socket.next("Chunk")
    keep(values)
    socket.send(request(2, "Mount", { component: "Patient", version: 1, props: { secret: secrets.payload } }))
    keep(yield* socket.answer(2))
    socket.send(request(3, "Mount", { component: "Album", version: 1, props: {} }))
    const mounted = yield* socket.answer(3)
    keep(mounted)
    const componentId = /"componentId":"([^"]+)"/.exec(JSON.stringify(mounted))?.[1]
    const file = { upload: "any", uploadId: "one", name: "a.bin", type: "", size: 10 }
    socket.send(request(4, "UploadStart", { componentId, ...file }))
    keep(yield* socket.answer(4))
    for (const sessionToken of Array.from(tokens, spoilt)) {
      const again = yield* connectRpc(url)
      again.send(request(1, "Connect", { resume: { sessionToken, components: [], pending: [] } }))
      yield* again.next("Chunk")
    }
  }).pipe(Effect.scoped)

const strangers = (at: number) =>
  Effect.gen(function* () {
    const url = `ws://127.0.0.1:${at}/api/live/rpc`
    const cookie = `session=${secrets.cookie}`
    yield* knock(`${url}?token=${secrets.guess}`, { headers: { cookie } })
    yield* knock(url, { headers: { authorization: `Bearer ${secrets.guess}`, cookie } })
    yield* knock(url, { protocols: ["fibra", `bearer.${secrets.guess}`] })
    yield* knock(`${url}?token=${secrets.ofAda}`, { headers: { origin: "https://evil.example", cookie } })
    const elsewhere = { host: "live.example.org", origin: "http://live.example.org", cookie }
    for (const token of [secrets.guess, secrets.ofTheMonitor]) {
      for (const path of ["stats", "instances/none", "dashboard/", "dashboard/assets/a.js", "dashboard/rpc"]) {
        const query = `/api/live/${path}?token=${token}`
        yield* ask(at, query, { headers: elsewhere })
        yield* ask(at, query, { headers: { ...elsewhere, authorization: `Bearer ${token}` } })
        yield* ask(at, query, { headers: { ...elsewhere, origin: "https://evil.example" } })
      }
      const form = { method: "POST", headers: elsewhere, body: new URLSearchParams({ token }).toString() }
      const { headers } = yield* ask(at, `/api/live/dashboard/sign-in?token=${token}`, form)
      const ticket = /^fibra-dashboard=([^;]+)/.exec(headers["set-cookie"]?.[0] ?? "")?.[1]
      if (ticket !== undefined) tokens.add(ticket)
    }
  }).pipe(Effect.scoped)

it.live("no secret, no token, no state, no payload and no file is in the log of a run, at any level", () => {
  const lines: Array<string> = []
  tokens.clear()
  return Effect.gen(function* () {
    yield* Effect.gen(function* () {
      const at = yield* port
      // What is limited to one line of a kind begins with somebody else each time.
      yield* strangers(at)
      yield* openWire(at)
      yield* rpcWire(at)
    }).pipe(Effect.scoped, Effect.provide(served(lines)))
    const log = lines.join("\n")
    // All of them were there, and were talked about.
    assert.isAtLeast(tokens.size, 5)
    for (const said of ["An upgrade was refused", "A request to the monitor was refused", "An actor crashed"]) {
      assert.include(log, said)
    }
    for (const secret of [...Object.values(secrets), ...tokens, ...Array.from(tokens, spoilt)]) {
      assert.notInclude(log, secret)
      assert.notInclude(log, encodeURIComponent(secret))
    }
  })
})
