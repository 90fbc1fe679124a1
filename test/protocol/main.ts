// `npm run protocol:test -- ws://127.0.0.1:3000/api/live/ws`: whether a server that serves the showcase's components speaks the open
// protocol. A second argument is a text that the names of the cases to play contain. Prints TAP; the exit code is 1 when a case failed.
import { fileURLToPath } from "node:url"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Result } from "effect"
import * as Case from "./Case.ts"
import * as Connection from "./Connection.ts"
import * as Runner from "./Runner.ts"

const [url, wanted = ""] = process.argv.slice(2)

const cases = Case.load(fileURLToPath(new URL("cases", import.meta.url)))
  .flatMap((file) => file.cases.map((case_) => ({ title: `${file.name}: ${case_.name}`, case_ })))
  .filter(({ title }) => title.includes(wanted))

const indented = (text: string) => text.replaceAll(/^/gm, "  # ")

const main = Effect.fnUntraced(function* (url: string) {
  const reached = yield* Effect.result(Effect.scoped(Connection.open({ url, query: {}, headers: {} })))
  if (Result.isFailure(reached)) {
    yield* Console.log(`Bail out! There is no server at ${url}: ${reached.failure.detail}`)
    return false
  }
  yield* Console.log(`TAP version 13\n1..${cases.length}`)
  let failed = 0
  for (const [index, { case_, title }] of cases.entries()) {
    const played = yield* Effect.result(Runner.run(case_, { url }))
    if (Result.isFailure(played)) failed++
    yield* Console.log(`${Result.isFailure(played) ? "not ok" : "ok"} ${index + 1} - ${title}`)
    if (Result.isFailure(played)) yield* Console.log(indented(played.failure.message))
  }
  yield* Console.log(`# ${cases.length - failed} passed, ${failed} failed`)
  return failed === 0
})

if (url === undefined || !/^wss?:/.test(url)) {
  console.error("Usage: npm run protocol:test -- ws://127.0.0.1:3000/api/live/ws [text in the names of the cases]")
  process.exitCode = 1
} else if (cases.length === 0) {
  console.error(`No name of a case contains ${JSON.stringify(wanted)}.`)
  process.exitCode = 1
} else {
  Effect.map(main(url), (passed) => void (process.exitCode = passed ? 0 : 1)).pipe(NodeRuntime.runMain)
}
