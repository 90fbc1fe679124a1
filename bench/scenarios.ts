/** The scenarios: what the clients do, what one unit of work is, how often it is measured, and what to reach. */
import { setTimeout } from "node:timers/promises"
import { Arena, type Running } from "./arena.ts"
import type * as actor from "./ask.ts"
import * as contestants from "./contestants.ts"
import type { Effort } from "./effort.ts"
import { Child } from "./ipc.ts"
import type { Description, Outcome, Round } from "./outcome.ts"
import type { Mounting } from "./wire.ts"
import { isFront } from "./wires.ts"

/** A scenario. */
export interface Scenario extends Description {
  readonly run: (effort: Effort) => Promise<Outcome>
}

const counter: Mounting = { component: "Counter" }

/** Plain `ws` and fibra. */
const both = ({ fronts }: Effort) => (["raw", ...fronts] as const).map(contestants.of)

/** Plain `ws`, fibra, and what else somebody would take. */
const everyone = (effort: Effort) => [...both(effort), ...effort.peers.map(contestants.of)]

const actions =
  (name: string, depth: number) =>
  async (effort: Effort): Promise<Outcome> => {
    const { seconds } = effort
    await using arena = await Arena.start(name, everyone(effort), effort.keeps)
    for (const contestant of arena.running) await arena.open(contestant, 100, counter)
    return await arena.alternate(effort, (contestant) =>
      arena.measure(contestant, () => arena.load.ask("act", seconds + 15, { group: contestant.name, depth, seconds }))
    )
  }

/** The product with the numbers that instances keep, against itself without them. */
const monitor = async (effort: Effort): Promise<Outcome> => {
  const { seconds } = effort
  const [front = "rpc"] = effort.fronts
  await using arena = await Arena.start("monitor", [contestants.unwatched(front), contestants.of(front)], effort.keeps)
  for (const contestant of arena.running) await arena.open(contestant, 100, counter)
  return await arena.alternate({ ...effort, profile: false }, (contestant) =>
    arena.measure(contestant, () => arena.load.ask("act", seconds + 15, { group: contestant.name, depth: 16, seconds }))
  )
}

/** One publisher, and a thousand who read: changes of a state, or events. */
const published =
  (name: string, question: "write" | "broadcast", mounting: Mounting, who: typeof everyone) =>
  async (effort: Effort): Promise<Outcome> => {
    const { seconds } = effort
    await using arena = await Arena.start(name, who(effort), effort.keeps)
    for (const contestant of arena.running) await arena.open(contestant, 1001, mounting)
    return await arena.alternate(effort, (contestant) =>
      arena.measure(contestant, () => arena.load.ask(question, seconds + 15, { group: contestant.name, seconds }))
    )
  }

/** A thousand who do the same thing at the same moment; how long it takes until each of them has what all of them made. */
const together =
  (name: string, question: "say" | "count", mounting: Mounting, who: typeof everyone) =>
  async (effort: Effort): Promise<Outcome> => {
    await using arena = await Arena.start(name, who(effort), effort.keeps)
    const seconds = 60
    const round = (contestant: Running, all: number) => {
      // To everyone but fibra the work is that of one who acts, times those who act.
      const share = isFront(contestant.side) ? 1 : effort.share
      return arena.measure(
        contestant,
        () => arena.load.ask(question, seconds + 15, { group: contestant.name, acting: all * share, seconds }),
        (work) => (work.seconds * 1000) / share
      )
    }
    for (const contestant of arena.running) {
      await arena.open(contestant, 100, mounting)
      for (let index = 0; index < 5; index++) await round(contestant, 100)
      await arena.open(contestant, 900, mounting)
    }
    return await arena.surround(effort, (contestant) => round(contestant, 1000))
  }

const mounts = async (effort: Effort): Promise<Outcome> => {
  await using arena = await Arena.start("mounts", everyone(effort), effort.keeps)
  // Two thousand of anything is little for a compiler, and a server that mounts has been running for a while.
  return await arena.alternate(
    effort,
    async (contestant) => {
      const round = await arena.measure(contestant, () => arena.open(contestant, effort.mounts, counter))
      await arena.close(contestant)
      return round
    },
    effort.keeps ? 1 : 3
  )
}

/** Each round is of new processes: memory that a process has had once is not taken again. */
const bytes = async (effort: Effort): Promise<Outcome> => {
  const rounds: Record<string, Array<Round>> = {}
  for (let index = 0; index < Math.ceil(effort.rounds / 3); index++) {
    await using arena = await Arena.start("bytesPerConnection", everyone(effort), false)
    // One after the other: all of them at once would be more connections than a process may have.
    for (const contestant of arena.running) {
      const { child, name } = contestant
      await arena.open(contestant, 50, counter)
      const before = await child.ask("bytes", 30)
      await arena.open(contestant, effort.connections, counter)
      // A connection is idle when it has the token of its state, which takes a second.
      await setTimeout(1500)
      const after = await child.ask("bytes", 30)
      const grown = (what: "heap" | "rss") => (after[what] - before[what]) / effort.connections
      const of = (rounds[name] ??= [])
      of.push({ figure: grown("heap"), rss: grown("rss") })
      await arena.close(contestant)
    }
  }
  return { rounds }
}

/** One round is one session that comes back, in milliseconds. */
const resume = async (effort: Effort): Promise<Outcome> => {
  await using arena = await Arena.start("resume", [contestants.of("rpc")], effort.keeps)
  const resumed = async (sessions: number, { port }: Running): Promise<ReadonlyArray<Round>> => {
    const times = await arena.load.ask("resume", 60, { port, components: 10, changes: 3, sessions })
    return times.map((figure) => ({ figure }))
  }
  const rounds: Record<string, ReadonlyArray<Round>> = {}
  for (const contestant of arena.running) {
    await resumed(100, contestant)
    rounds[contestant.name] = await resumed(effort.sessions, contestant)
  }
  if (!effort.profile) return { rounds }
  return { rounds, hot: await arena.profile((contestant) => resumed(effort.sessions, contestant)) }
}

/** So many files at once, each on a connection of its own: to disk, with a digest, against a sink that throws them away. */
const upload =
  (name: string, files: number) =>
  async (effort: Effort): Promise<Outcome> => {
    await using arena = await Arena.start(name, both(effort), effort.keeps)
    const bytes = (50e6 * effort.seconds) / files
    // A compiler needs more than a few hundred parts.
    return await arena.alternate(
      effort,
      (contestant) => {
        const { port, side } = contestant
        if (side !== "raw" && !isFront(side)) throw new Error(`${side} takes no files.`)
        return arena.measure(contestant, () => arena.load.ask("upload", 60, { side, port, files, bytes }))
      },
      5
    )
  }

const ask = async (effort: Effort): Promise<Outcome> => {
  await using child = new Child<actor.Answers>("the actor", new URL("./ask.ts", import.meta.url))
  child.scenario = "ask"
  for (let index = 0; index < 3; index++) await child.ask("ask", 15, 100_000)
  const rounds: Array<Round> = []
  for (let index = 0; index < effort.rounds * 3; index++) rounds.push({ figure: await child.ask("ask", 15, 100_000) })
  return { rounds: { ask: rounds } }
}

/** All of them, in the order they are run. */
export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "actions1",
    what: "actions, answer and new state, 100 connections with a counter and one action in flight each",
    unit: "actions/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 0.85, cpuAtMost: 1.2 },
    run: actions("actions1", 1)
  },
  {
    name: "actions16",
    what: "the same, 16 in flight each",
    unit: "actions/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 2.2, cpuAtMost: 0.45, tailAtMost: 2.5 },
    run: actions("actions16", 16)
  },
  {
    name: "broadcast",
    what: "deliveries of events of 200 bytes to a room of 1 000, four on their way at a time",
    unit: "deliveries/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 3, cpuAtMost: 0.33 },
    run: published("broadcast", "broadcast", { component: "Talk", room: "hall" }, everyone)
  },
  {
    name: "shared1000",
    what: "until 1 000 on one shared counter see the last count, each having counted once at the same moment",
    unit: "ms",
    better: "less",
    baseline: "raw",
    reach: { ratioAtMost: 0.008 },
    run: together("shared1000", "count", { component: "Counter", key: "all" }, everyone)
  },
  {
    name: "mounts",
    what: "connections that mount a component, 128 at a time",
    unit: "mounts/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 0.6, cpuAtMost: 1.7 },
    run: mounts
  },
  {
    name: "bytesPerConnection",
    what: "bytes of the heap that an idle connection with one component holds",
    unit: "bytes",
    better: "less",
    baseline: "raw",
    reach: { figureAtMost: 4096, rssAtMost: 14_000 },
    run: bytes
  },
  {
    name: "fanout",
    what: "deliveries of one shared instance to 1 000 clients, each change delivered",
    unit: "deliveries/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 2 },
    run: published("fanout", "write", { component: "Board", key: "board" }, both)
  },
  {
    name: "room1000",
    what: "until all 1 000 members of a room have the 1 000 events they broadcast at the same moment",
    unit: "ms",
    better: "less",
    baseline: "raw",
    reach: { ratioAtMost: 0.05 },
    run: together("room1000", "say", { component: "Talk", room: "lobby" }, both)
  },
  {
    name: "upload1",
    what: "one file, to disk and with a digest, against a sink",
    unit: "MB/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 0.5 },
    run: upload("upload1", 1)
  },
  {
    name: "upload10",
    what: "ten files at once",
    unit: "MB/s",
    better: "more",
    baseline: "raw",
    reach: { ratioAtLeast: 0.5 },
    run: upload("upload10", 10)
  },
  {
    name: "monitor",
    what: "actions with the numbers that a monitor reads, against fibra without them",
    unit: "actions/s",
    better: "more",
    baseline: "unwatched",
    reach: { ratioAtLeast: 0.95 },
    run: monitor
  },
  {
    name: "resume",
    what: "until a session of 10 components is there again, from the first packet of the new connection",
    unit: "ms",
    better: "less",
    reach: { figureAtMost: 1, p99AtMost: 5 },
    run: resume
  },
  {
    name: "ask",
    what: "an ask in process that changes the state",
    unit: "µs",
    better: "less",
    reach: { figureAtMost: 1 },
    run: ask
  }
]
