/**
 * `fibra doctor`: checks the versions of Node and effect, and, with `--url`, whether a live server answers. It changes nothing,
 * and exits with 1 when a check fails.
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

const checkServer = (url: string): Effect.Effect<string, Finding> =>
  Effect.gen(function* () {
    const client = yield* LiveClient
    const unreachable = new Finding({
      message: `${url} did not answer within ${Duration.format(connectTimeout)}.`,
      hint: "Check that the server runs, that the path is right, and that a proxy in between lets WebSockets through."
    })
    const answered = Effect.mapError(Effect.retry(client.ping, Schedule.spaced("50 millis")), () => unreachable)
    const orElse = () => Effect.fail(unreachable)
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

/** The command. */
export const doctor = Command.make(
  "doctor",
  {
    url: Flag.String("url").pipe(
      Flag.withDescription("The live server to check, such as ws://127.0.0.1:3000/api/live/rpc"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ url }) {
    const checks = [checkNode, checkEffect, ...Option.toArray(Option.map(url, checkServer))]
    const results = yield* Effect.forEach(checks, report)
    if (results.includes(false)) process.exitCode = 1
  })
).pipe(Command.withDescription("Check the versions of Node and effect, and a running server"))
