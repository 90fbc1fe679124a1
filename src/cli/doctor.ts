/**
 * `fibra doctor`: checks the versions of Node and effect, the secrets of the environment, and, with `--url`, whether a live
 * server lets programs in, and with `--origin` pages of that origin. It changes nothing, and exits with 1 when a check fails.
 */
import { createRequire } from "node:module"
import { join } from "node:path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as TimeLimit from "../TimeLimit.ts"
import { Finding } from "./Finding.ts"
import { checkSecrets } from "./SecretCheck.ts"
import { checkClock, checkHandshake } from "./ServerCheck.ts"
import { LiveClient } from "../client/LiveClient.ts"

const oldestNode = [22, 19] as const
const effectVersion = /^4\.1\./
const installEffect = "Run `npm install effect@~4.1.0`."
const connectTimeout = Duration.seconds(5)

const checkNode: Effect.Effect<string, Finding> = Effect.suspend(() => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const isFit = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return isFit
    ? Effect.succeed(`Node ${process.versions.node}`)
    : Effect.fail(
        new Finding({
          message: `Node ${process.versions.node} is too old.`,
          hint: `Install Node ${oldestNode.join(".")} or later.`
        })
      )
})

/** The version that the project itself resolves: its components are made with that one. */
const checkEffect: Effect.Effect<string, Finding> = Effect.try({
  try: () => createRequire(join(process.cwd(), "package.json"))("effect/package.json") as { readonly version: string },
  catch: () => new Finding({ message: "effect is not installed in this folder.", hint: installEffect })
}).pipe(
  Effect.flatMap(({ version }) =>
    effectVersion.test(version)
      ? Effect.succeed(`effect ${version}`)
      : Effect.fail(new Finding({ message: `fibra does not work with effect ${version}.`, hint: installEffect }))
  )
)

const checkAnswer = (url: string): Effect.Effect<string, Finding> =>
  Effect.gen(function* () {
    const client = yield* LiveClient
    const mute = new Finding({
      message: `${url} opened a WebSocket, and said nothing within ${Duration.format(connectTimeout)}.`,
      hint: "Check that the path is the one of the RPC wire, /api/live/rpc by default, and that a proxy in between holds nothing back."
    })
    const answered = Effect.mapError(Effect.retry(client.ping, Schedule.spaced("50 millis")), () => mute)
    const orElse = () => Effect.fail(mute)
    const time = yield* TimeLimit.timeoutOrElse(answered, { duration: connectTimeout, orElse })
    return `${url} answers in ${Duration.toMillis(time).toFixed(1)} ms`
  }).pipe(Effect.provide(LiveClient.layerWebSocket({ url })))

/** Runs a check and prints its result; gives whether it passed. */
const report = (check: Effect.Effect<string, Finding>): Effect.Effect<boolean> =>
  Effect.flatMap(Effect.result(check), (result) =>
    Result.isSuccess(result)
      ? Effect.as(Console.log(`ok      ${result.success}`), true)
      : Effect.as(Console.log(`failed  ${result.failure.message}\n        ${result.failure.hint}`), false)
  )

/** The server, as a program meets it and as a page of this origin does. What would follow from a failure is not said as well. */
const reportServer = Effect.fnUntraced(function* (url: string, origin: string | undefined) {
  if (!(yield* report(Effect.andThen(checkHandshake(url, undefined), checkAnswer(url))))) return [false]
  const checks = [...(origin === undefined ? [] : [checkHandshake(url, origin)]), checkClock(url)]
  return yield* Effect.forEach(checks, report)
})

/** The command. */
export const doctor = Command.make(
  "doctor",
  {
    url: Flag.String("url").pipe(
      Flag.withDescription("The live server to check, such as ws://127.0.0.1:3000/api/live/rpc"),
      Flag.optional
    ),
    origin: Flag.String("origin").pipe(
      Flag.withDescription("The origin of a page that connects there, such as https://example.org"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ origin, url }) {
    const results = yield* Effect.forEach([checkNode, checkEffect, checkSecrets], report)
    if (Option.isSome(url)) results.push(...(yield* reportServer(url.value, Option.getOrUndefined(origin))))
    if (results.includes(false)) process.exitCode = 1
  })
).pipe(Command.withDescription("Check the versions of Node and effect, the secrets, and a running server"))
