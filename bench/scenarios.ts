/**
 * The scenarios: what the clients do, what one unit of work is, how often it is measured, and what to reach. Raw and fibra take
 * turns in the same run, so that whatever else the machine does falls on both.
 */
import { cpus } from "node:os"
import { setTimeout } from "node:timers/promises"
import type * as actor from "./ask.ts"
import type { Target } from "./client.ts"
import { Child } from "./ipc.ts"
import type * as load from "./load.ts"
import type { Hot } from "./profile.ts"
import type * as server from "./server.ts"
import type { Front, Side } from "./wires.ts"

/** How long to measure. */
export interface Effort {
  readonly rounds: number
  /** Rounds of raw where one takes ten seconds, and of fibra for each of them. */
  readonly together: { readonly raw: number; readonly fibra: number }
  readonly seconds: number
  readonly connections: number
  /** Sessions that are resumed. */
  readonly sessions: number
  /** Rounds before those that count: one. */
  readonly warmUps?: number
  /** Over which wire fibra is spoken to. */
  readonly front: Front
  /** Whether to profile fibra's server. */
  readonly profile: boolean
}

/** One side in one round. */
export interface Round {
  /** What is compared: units per second, bytes, microseconds, or milliseconds. */
  readonly figure: number
  /** CPU time per unit of work, microseconds, of the server and of the load generator. */
  readonly cpu?: { readonly server: number; readonly load: number }
  /** Cores in use meanwhile: by the server, by the load generator, and by all that is not ours. */
  readonly cores?: { readonly server: number; readonly load: number; readonly others: number }
  readonly merged?: number
}

/** What came out of a scenario. */
export interface Outcome {
  readonly raw: ReadonlyArray<Round>
  readonly fibra: ReadonlyArray<Round>
  readonly hot?: ReadonlyArray<Hot>
}

/** A scenario. */
export interface Scenario {
  readonly name: string
  readonly unit: string
  /** Of the ratio to raw, or of fibra's own figure. */
  readonly target: {
    readonly of: "ratio" | "figure"
    readonly atLeast?: number
    readonly atMost?: number
    /** Of the slowest of a hundred, where each round is one of many of a kind. */
    readonly p99AtMost?: number
  }
  readonly run: (effort: Effort) => Promise<Outcome>
}

/** What is mounted. */
type Mounted = Omit<Target, "side" | "port" | "front">

type Server = Child<server.Answers>
type Load = Child<load.Answers>

const sides: ReadonlyArray<Side> = ["raw", "fibra"]

/** Both servers and the load, for one scenario. */
class Arena implements AsyncDisposable {
  readonly servers: { readonly [side in Side]: Server }
  readonly load: Load = new Child<load.Answers>("the load generator", new URL("./load.ts", import.meta.url))
  readonly #stack = new AsyncDisposableStack()

  readonly #front: Front

  constructor(scenario: string, front: Front, fibra = new URL("./fibra-server.ts", import.meta.url)) {
    this.#front = front
    this.servers = {
      raw: new Child<server.Answers>("the raw server", new URL("./raw-server.ts", import.meta.url)),
      fibra: new Child<server.Answers>("the fibra server", fibra)
    }
    for (const child of [this.load, this.servers.raw, this.servers.fibra]) {
      this.#stack.use(child)
      child.scenario = scenario
    }
  }

  async open(side: Side, count: number, target: Mounted, concurrency = 128): Promise<load.Work> {
    const port = await this.servers[side].ask("port", 15)
    return this.load.ask("open", 30, { side, port, front: this.#front, count, concurrency, ...target })
  }

  async close(side: Side): Promise<void> {
    await this.load.ask("close", 15, side)
    // The server learns of it, and lets go.
    await setTimeout(250)
  }

  /** Says what a piece of work took; the figure is units per second unless it is to be another. */
  async measure(
    side: Side,
    work: () => Promise<load.Work>,
    figure: (work: load.Work) => number = ({ seconds, units }) => units / seconds
  ): Promise<Round> {
    const busy = busyMillis()
    const before = await this.servers[side].ask("cpu", 15)
    const done = await work()
    const { cpu, merged, seconds, units } = done
    const server = (await this.servers[side].ask("cpu", 15)) - before
    const micros = seconds * 1e6
    const cores = {
      server: server / micros,
      load: cpu / micros,
      others: Math.max(0, (busyMillis() - busy) * 1000 - server - cpu) / micros
    }
    return { figure: figure(done), cpu: { server: server / units, load: cpu / units }, cores, merged }
  }

  /** Both sides in turn, once to warm up and then as often as it takes. */
  async alternate(effort: Effort, round: (side: Side, seconds: number) => Promise<Round>): Promise<Outcome> {
    for (let index = 0; index < (effort.warmUps ?? 1); index++) {
      for (const side of sides) await round(side, effort.seconds)
    }
    const rounds: { readonly [side in Side]: Array<Round> } = { raw: [], fibra: [] }
    for (let index = 0; index < effort.rounds; index++) {
      for (const side of sides) rounds[side].push(await round(side, effort.seconds))
    }
    if (!effort.profile) return rounds
    // Not counted: to look costs time, too.
    await this.servers.fibra.ask("startProfile", 15)
    for (let index = 0; index < 3; index++) await round("fibra", effort.seconds)
    return { ...rounds, hot: await this.servers.fibra.ask("stopProfile", 15) }
  }

  /** Rounds of fibra around each one of raw, which is only warmed up with what is `little`. */
  async surround(
    { profile, together }: Effort,
    little: (side: Side) => Promise<unknown>,
    round: (side: Side) => Promise<Round>
  ): Promise<Outcome> {
    for (const side of sides) await little(side)
    for (let index = 0; index < 2; index++) await round("fibra")
    const rounds: { readonly [side in Side]: Array<Round> } = { raw: [], fibra: [] }
    for (let index = 0; index < together.raw; index++) {
      rounds.raw.push(await round("raw"))
      for (let more = 0; more < together.fibra; more++) rounds.fibra.push(await round("fibra"))
    }
    if (!profile) return rounds
    await this.servers.fibra.ask("startProfile", 15)
    for (let index = 0; index < 3; index++) await round("fibra")
    return { ...rounds, hot: await this.servers.fibra.ask("stopProfile", 15) }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** CPU time used on this machine so far, by whomever. */
const busyMillis = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)

const actions =
  (name: string, depth: number) =>
  async (effort: Effort): Promise<Outcome> => {
    await using arena = new Arena(name, effort.front)
    for (const side of sides) await arena.open(side, 100, { component: "Counter" })
    return await arena.alternate(effort, (side, seconds) =>
      arena.measure(side, () => arena.load.ask("act", seconds + 15, { side, depth, seconds }))
    )
  }

/** The product with the numbers that instances keep, and without them as `raw`. */
const monitor = async (effort: Effort): Promise<Outcome> => {
  await using watched = new Arena("monitor", effort.front)
  await using unwatched = new Arena("monitor", effort.front, new URL("./unwatched-server.ts", import.meta.url))
  for (const arena of [watched, unwatched]) await arena.open("fibra", 100, { component: "Counter" })
  const round = (arena: Arena) =>
    arena.measure("fibra", () =>
      arena.load.ask("act", effort.seconds + 15, { side: "fibra", depth: 16, seconds: effort.seconds })
    )
  const rounds: { readonly [side in Side]: Array<Round> } = { raw: [], fibra: [] }
  for (let index = 0; index < effort.rounds + 1; index++) {
    const [without, with_] = [await round(unwatched), await round(watched)]
    // The first one warms up.
    if (index === 0) continue
    rounds.raw.push(without)
    rounds.fibra.push(with_)
  }
  return rounds
}

const fanout = async (effort: Effort): Promise<Outcome> => {
  await using arena = new Arena("fanout", effort.front)
  for (const side of sides) await arena.open(side, 1001, { component: "Board", key: "board" })
  return await arena.alternate(effort, (side, seconds) =>
    arena.measure(side, () => arena.load.ask("write", seconds + 15, { side, seconds }))
  )
}

/** A thousand who do the same thing at the same moment; how long it takes until each of them has what all of them made. */
const together =
  (name: string, question: "say" | "count", target: Mounted) =>
  async (effort: Effort): Promise<Outcome> => {
    await using arena = new Arena(name, effort.front)
    const seconds = 60
    const round = (side: Side) =>
      arena.measure(
        side,
        () => arena.load.ask(question, seconds + 15, { side, seconds }),
        (work) => work.seconds * 1000
      )
    const little = async (side: Side) => {
      await arena.open(side, 100, target)
      for (let index = 0; index < 5; index++) await round(side)
      await arena.open(side, 900, target)
    }
    return await arena.surround(effort, little, round)
  }

const mounts = async (effort: Effort): Promise<Outcome> => {
  await using arena = new Arena("mounts", effort.front)
  // Two thousand of anything is little for a compiler, and a server that mounts has been running for a while.
  // Each round is short, and what a collector does in it weighs.
  return await arena.alternate({ ...effort, warmUps: 4, rounds: effort.rounds * 2 }, async (side) => {
    const round = await arena.measure(side, () => arena.open(side, 2000, { component: "Counter", stock: true }))
    await arena.close(side)
    return round
  })
}

const bytes = async (effort: Effort): Promise<Outcome> => {
  await using arena = new Arena("bytesPerConnection", effort.front)
  return await arena.alternate({ ...effort, rounds: Math.floor(effort.rounds / 2), profile: false }, async (side) => {
    const before = await arena.servers[side].ask("bytes", 30)
    await arena.open(side, effort.connections, { component: "Counter" })
    // A connection is idle when it has the token of its state, which takes a second.
    await setTimeout(side === "fibra" ? 1500 : 250)
    const after = await arena.servers[side].ask("bytes", 30)
    await arena.close(side)
    return { figure: (after - before) / effort.connections }
  })
}

/** One round is one session that comes back, in milliseconds. */
const resume = async (effort: Effort): Promise<Outcome> => {
  await using arena = new Arena("resume", effort.front)
  const port = await arena.servers.fibra.ask("port", 15)
  const plan = { port, components: 10, changes: 3 }
  const resumed = async (sessions: number): Promise<ReadonlyArray<Round>> => {
    const times = await arena.load.ask("resume", 60, { ...plan, sessions })
    return times.map((figure) => ({ figure }))
  }
  await resumed(100)
  const rounds = { raw: [], fibra: await resumed(effort.sessions) }
  if (!effort.profile) return rounds
  await arena.servers.fibra.ask("startProfile", 15)
  await resumed(effort.sessions)
  return { ...rounds, hot: await arena.servers.fibra.ask("stopProfile", 15) }
}

/** So many files at once, each on a connection of its own: to disk, with a digest, against a sink that throws them away. */
const upload =
  (name: string, files: number) =>
  async (effort: Effort): Promise<Outcome> => {
    await using arena = new Arena(name, effort.front)
    // A compiler needs more than a few hundred parts.
    return await arena.alternate({ ...effort, warmUps: 5 }, async (side, seconds) => {
      const port = await arena.servers[side].ask("port", 15)
      const bytes = (50e6 * seconds) / files
      return arena.measure(side, () => arena.load.ask("upload", 60, { side, port, front: effort.front, files, bytes }))
    })
  }

const ask = async (effort: Effort): Promise<Outcome> => {
  await using child = new Child<actor.Answers>("the actor", new URL("./ask.ts", import.meta.url))
  child.scenario = "ask"
  for (let index = 0; index < 3; index++) await child.ask("ask", 15, 100_000)
  const rounds: Array<Round> = []
  for (let index = 0; index < effort.rounds * 3; index++) rounds.push({ figure: await child.ask("ask", 15, 100_000) })
  return { raw: [], fibra: rounds }
}

/** At least, or at most, so much: of the ratio to raw, or of fibra's own figure. */
const target = (of: "ratio" | "figure", bound: { readonly atLeast: number } | { readonly atMost: number }) => ({
  of,
  ...bound
})

/** All of them, in the order they are run, with what is to be reached over one of the wires. */
export const scenarios = (front: Front): ReadonlyArray<Scenario> => {
  const of = <A>(rpc: A, json: A): A => (front === "rpc" ? rpc : json)
  const all: ReadonlyArray<Scenario> = [
    {
      name: "actions1",
      unit: "actions/s",
      target: target("ratio", { atLeast: of(0.6, 0.8) }),
      run: actions("actions1", 1)
    },
    {
      name: "actions16",
      unit: "actions/s",
      target: target("ratio", { atLeast: of(1.2, 2) }),
      run: actions("actions16", 16)
    },
    { name: "monitor", unit: "actions/s", target: target("ratio", { atLeast: 0.95 }), run: monitor },
    { name: "fanout", unit: "deliveries/s", target: target("ratio", { atLeast: of(2, 2.5) }), run: fanout },
    {
      name: "room1000",
      unit: "ms",
      target: target("ratio", { atMost: of(0.08, 0.05) }),
      run: together("room1000", "say", { component: "Talk", room: "lobby" })
    },
    {
      name: "shared1000",
      unit: "ms",
      target: target("ratio", { atMost: of(0.02, 0.01) }),
      run: together("shared1000", "count", { component: "Counter", key: "all" })
    },
    {
      name: "upload1",
      unit: "MB/s",
      target: target("ratio", { atLeast: of(0.8, 0.5) }),
      run: upload("upload1", 1)
    },
    {
      name: "upload10",
      unit: "MB/s",
      target: target("ratio", { atLeast: of(0.8, 0.5) }),
      run: upload("upload10", 10)
    },
    { name: "mounts", unit: "mounts/s", target: target("ratio", { atLeast: of(0.6, 0.7) }), run: mounts },
    {
      name: "bytesPerConnection",
      unit: "bytes",
      target: target("figure", { atMost: of(6144, 5120) }),
      run: bytes
    }
  ]
  if (front === "json") return all
  return [
    ...all,
    { name: "resume", unit: "ms", target: { ...target("figure", { atMost: 5 }), p99AtMost: 25 }, run: resume },
    { name: "ask", unit: "µs", target: target("figure", { atMost: 3 }), run: ask }
  ]
}
