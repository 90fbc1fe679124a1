/**
 * The variables of the environment that begin with `FIBRA_`. One that nobody reads is most likely misspelt, so it is
 * said in the log when a server starts, once, with the name that was meant. Values are in no line.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Log from "../Log.ts"
import * as LiveConfig from "./LiveConfig.ts"
import { IsFromEnvironment } from "./SettingsSource.ts"

const prefix = "FIBRA"

/** Those that are no settings. */
const others = ["FIBRA_SECRET", "FIBRA_SECRET_PREVIOUS", "FIBRA_MONITOR_TOKEN"]

/** Names in the environment have fewer parts, and so do those of this library. */
const maxParts = 8

/** The names below a path that have a value. */
const namesBelow = (
  provider: ConfigProvider.ConfigProvider,
  path: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.matchEffect(provider.load(path), {
    // Whoever needs a value gets the error.
    onFailure: () => Effect.succeed([]),
    onSuccess: (node) => {
      const own = node?.value === undefined ? [] : [path.join("_")]
      if (node?._tag !== "Record" || path.length === maxParts) return Effect.succeed(own)
      return Effect.map(
        Effect.forEach([...node.keys].toSorted(), (key) => namesBelow(provider, [...path, key])),
        (below) => [...own, ...below.flat()]
      )
    }
  })

/** How many letters have to be put in, taken out or replaced to make one text of another. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++) {
      const replaced = (row[at] ?? 0) + (letter === other[at] ? 0 : 1)
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** The name that was meant, unless none is like it. */
const nearest = (name: string, known: ReadonlyArray<string>): string | undefined => {
  const [best] = known
    .map((each) => ({ each, letters: distance(name, each) }))
    .toSorted((one, other) => one.letters - other.letters)
  return best !== undefined && best.letters <= best.each.length / 4 ? best.each : undefined
}

/** Says which variables are read by nobody, and why. */
const check = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const settings = (Object.keys(LiveConfig.defaults) as ReadonlyArray<keyof LiveConfig.Settings>).map(
    LiveConfig.variableOf
  )
  const known = [...others, ...settings]
  const given = yield* namesBelow(provider, [prefix])
  const unknown = given.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    const said = unknown.map((name) => {
      const meant = nearest(name, known)
      return meant === undefined ? name : `${name} (is ${meant} meant?)`
    })
    yield* Log.warning(`Nobody reads these variables of the environment: ${said.join(", ")}`, {
      hint: "docs/configuration.md has the names of all settings."
    })
  }
  if (yield* IsFromEnvironment) return
  const unread = given.filter((name) => settings.includes(name))
  if (unread.length === 0) return
  yield* Log.warning(`This server does not read its settings from the environment: ${unread.join(", ")}`, {
    hint: "Provide it with LiveConfig.layerConfig, or remove the variables."
  })
})

/** Says so once for all servers of a program. */
export const layer: Layer.Layer<never> = Layer.effectDiscard(check)
