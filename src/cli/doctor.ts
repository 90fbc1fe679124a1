/**
 * `fibra doctor`: looks at what a program of this project stands on, and at a running server if it is told where. It changes
 * nothing; it exits with 1 when something is not as it has to be.
 */
import { createRequire } from "node:module"
import { join } from "node:path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { LiveClient } from "../client/LiveClient.ts"

/** Something that is not as it has to be; the text says what was found, what was expected and what to do. */
class Finding extends Data.TaggedError("Finding")<{ readonly message: string }> {}

const oldestNode = [22, 19] as const
const effectVersion = /^4\.1\./
const connectTimeout = Duration.seconds(5)

const examineNode: Effect.Effect<string, Finding> = Effect.suspend(() => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const isFit = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return isFit
    ? Effect.succeed(`Node ${process.versions.node}`)
    : Effect.fail(
        new Finding({
          message: `Node is ${process.versions.node}. Expected ${oldestNode.join(".")} or later. Install a later one.`
        })
      )
})

/** The version the project itself resolves, which is the one its components are made with. */
const examineEffect: Effect.Effect<string, Finding> = Effect.try({
  try: () => createRequire(join(process.cwd(), "package.json"))("effect/package.json") as { readonly version: string },
  catch: () =>
    new Finding({ message: "There is no effect here. Expected version 4.1. Run `npm install effect@~4.1.0`." })
}).pipe(
  Effect.flatMap(({ version }) =>
    effectVersion.test(version)
      ? Effect.succeed(`effect ${version}`)
      : Effect.fail(new Finding({ message: `effect is ${version}. Expected 4.1. Run \`npm install effect@~4.1.0\`.` }))
  )
)

const examineServer = (url: string): Effect.Effect<string, Finding> =>
  Effect.gen(function* () {
    const client = yield* LiveClient
    const time = yield* client.ping.pipe(
      Effect.retry(Schedule.spaced("50 millis")),
      Effect.timeout(connectTimeout),
      Effect.mapError(
        () =>
          new Finding({
            message:
              `${url} did not answer within ${Duration.format(connectTimeout)}. Expected a live server. ` +
              "Check that it runs, that the path is right, and that a proxy in between lets WebSockets through."
          })
      )
    )
    return `${url} answers in ${Duration.toMillis(time).toFixed(1)} ms`
  }).pipe(Effect.provide(LiveClient.layerWebSocket({ url })))

/** Runs an examination and says what it found; gives whether all is well. */
const report = (examination: Effect.Effect<string, Finding>): Effect.Effect<boolean> =>
  Effect.flatMap(Effect.result(examination), (result) =>
    Result.isSuccess(result)
      ? Effect.as(Console.log(`ok      ${result.success}`), true)
      : Effect.as(Console.log(`failed  ${result.failure.message}`), false)
  )

/** The command. */
export const doctor = Command.make(
  "doctor",
  {
    url: Flag.String("url").pipe(
      Flag.withDescription("A live server to ask, such as ws://127.0.0.1:3000/api/live/rpc"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ url }) {
    const examinations = [examineNode, examineEffect, ...Option.toArray(Option.map(url, examineServer))]
    const results = yield* Effect.forEach(examinations, report)
    if (results.includes(false)) process.exitCode = 1
  })
).pipe(Command.withDescription("Check what this project stands on, and a running server"))
