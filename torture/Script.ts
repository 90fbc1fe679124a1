/** What happens in a night, step by step: plain data, so that it can be printed, shortened and repeated. */
import { poisonKinds } from "./Poison.ts"
import { faults, operations, type Fault, type Operation } from "./FaultyStore.ts"
import type { SeededRandom } from "./Random.ts"
import { type Weather, weathers } from "./Weather.ts"

/** Which of its components a client speaks to: the one everybody shares, or its own. */
export type Where = "shared" | "own"

/** One step. Clients are numbers. */
export type Step =
  | {
      readonly do: "call"
      readonly client: number
      readonly where: Where
      readonly action: string
      readonly kind?: string
    }
  | { readonly do: "set"; readonly part: keyof Weather; readonly to: Weather[keyof Weather] }
  | { readonly do: "store"; readonly operation: Operation; readonly fault: Fault }
  | { readonly do: "heal" }
  | { readonly do: "cut" | "connect" | "stall" | "unstall" | "delay" | "arrive" | "twice"; readonly client: number }
  | { readonly do: "remount"; readonly client: number; readonly where: Where }
  | { readonly do: "giveUp"; readonly client: number }
  | { readonly do: "flood"; readonly client: number; readonly count: number }
  | { readonly do: "garbage"; readonly text: string; readonly count: number }
  | { readonly do: "leave" }
  | { readonly do: "open"; readonly client: number; readonly what: (typeof openSteps)[number] }
  | { readonly do: "kill" | "stop" }
  | { readonly do: "jump"; readonly millis: number }
  | { readonly do: "freeze"; readonly millis: number }
  | { readonly do: "advance"; readonly millis: number }

/** What a client of the open wire may do. */
const openSteps = ["call", "call", "call", "cut", "connect", "connect", "stall", "unstall"] as const

/** Clients of the open wire in a night. */
export const openClients = 2

/** Clients in a night. */
export const clients = 4

const actions: ReadonlyArray<readonly [number, string]> = [
  [12, "Write"],
  [6, "WriteSlowly"],
  [6, "Guess"],
  [2, "Refuse"],
  [2, "Throw"],
  [1, "FailWith"],
  [1, "Hang"],
  [0.5, "HangHard"],
  [1, "ChangeInPlace"],
  [1, "Unencodable"],
  [2, "Halve"],
  [4, "Shout"]
]

const garbage: ReadonlyArray<string> = [
  "",
  "{",
  "[]",
  "null",
  "[[[[[[]]]]]]",
  `[${"[],".repeat(300)}[]]`,
  '{"_tag":"Request","id":"x","tag":"Call","payload":{}}',
  '{"_tag":"Request","id":"x","tag":"Mount","payload":{"component":"Nobody"}}',
  '{"_tag":"Interrupt","requestId":"events"}',
  '{"_tag":"Ack","requestId":"events"}',
  '{"_tag":"Pong"}',
  "a".repeat(5000),
  "pong"
]

const kinds: ReadonlyArray<readonly [number, Step["do"]]> = [
  [40, "call"],
  [12, "advance"],
  [6, "cut"],
  [9, "connect"],
  [3, "stall"],
  [4, "unstall"],
  [2, "delay"],
  [3, "arrive"],
  [1, "twice"],
  [3, "remount"],
  [2, "giveUp"],
  [1, "flood"],
  [2, "garbage"],
  [1, "leave"],
  [14, "open"],
  [3, "store"],
  [2, "heal"],
  [3, "set"],
  [1.5, "kill"],
  [0.8, "stop"],
  [1, "jump"],
  [1, "freeze"]
]

/** A night of so many steps. */
export const generate = (random: SeededRandom, length: number): ReadonlyArray<Step> =>
  Array.from({ length }, () => step(random))

const step = (random: SeededRandom): Step => {
  const client = random.below(clients)
  const where = random.pick<Where>(["shared", "own"])
  const kind = random.weighted(kinds)
  switch (kind) {
    case "call": {
      const action = random.weighted(actions)
      const isPoison = action === "Throw" || action === "FailWith"
      return { do: kind, client, where, action, ...(isPoison ? { kind: random.pick(poisonKinds) } : {}) }
    }
    case "set": {
      const part = random.pick(Object.keys(weathers) as ReadonlyArray<keyof Weather>)
      // Fair weather is as likely as all the rest.
      const [fair = "well", ...foul] = weathers[part]
      return { do: kind, part, to: random.chance(0.5) ? fair : random.pick(foul) }
    }
    case "store":
      return { do: kind, operation: random.pick(operations), fault: random.pick(faults) }
    case "remount":
      return { do: kind, client, where }
    case "flood":
      return { do: kind, client, count: random.pick([20, 200, 700]) }
    case "garbage":
      return { do: kind, text: random.pick(garbage), count: random.pick([1, 30, 900]) }
    case "open":
      return { do: kind, client: random.below(openClients), what: random.pick(openSteps) }
    case "jump":
      return { do: kind, millis: random.pick([-60_000, -3_600_000, 60_000, 3_600_000]) }
    case "freeze":
      return { do: kind, millis: random.pick([100, 2000, 20_000, 90_000]) }
    case "advance":
      return { do: kind, millis: random.pick([1, 50, 500, 1000, 5000, 20_000, 60_000]) }
    case "heal":
    case "leave":
    case "kill":
    case "stop":
      return { do: kind }
    case "cut":
    case "connect":
    case "stall":
    case "unstall":
    case "delay":
    case "arrive":
    case "twice":
    case "giveUp":
      return { do: kind, client }
  }
}

/** A script as text that can be read and given back. */
export const print = (steps: ReadonlyArray<Step>): string => steps.map((step) => JSON.stringify(step)).join("\n")

/** A script that was printed. */
export const parse = (text: string): ReadonlyArray<Step> =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Step)
