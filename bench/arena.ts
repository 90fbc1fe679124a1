/** The servers and the load, for one scenario: they take turns, so that whatever else the machine does falls on all of them. */
import { cpus } from "node:os"
import { setTimeout } from "node:timers/promises"
import type { Contestant } from "./contestants.ts"
import { pin } from "./cores.ts"
import type { Effort } from "./effort.ts"
import type * as ipc from "./ipc.ts"
import { Child } from "./ipc.ts"
import type * as load from "./load.ts"
import type { Outcome, Round } from "./outcome.ts"
import type { Hot } from "./profile.ts"
import type * as server from "./server.ts"
import type { Mounting } from "./wire.ts"
import { isFront } from "./wires.ts"

/** One contestant, whose server listens. */
export interface Running extends Contestant {
  readonly child: Child<server.Answers>
  readonly port: number
}

/** CPU time used on this machine so far, by whomever. */
const busyMillis = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)

/** Why processes are not on cores of their own, when it has been said. */
let unpinned: string | undefined

/** Processes that go on to the next scenario, by their file and what they are called. */
const kept = new Map<string, Child<ipc.Answers>>()

/** A process for this scenario, or the one of the scenario before. */
const childOf = <A extends ipc.Answers>(
  name: string,
  file: URL,
  keeps: boolean,
  stack: AsyncDisposableStack
): Child<A> => {
  if (!keeps) return stack.use(new Child<A>(name, file))
  const key = `${name} ${file.href}`
  const child = (kept.get(key) ?? new Child<A>(name, file)) as Child<A>
  kept.set(key, child)
  return child
}

/** All servers and the load. */
export class Arena implements AsyncDisposable {
  readonly load: Child<load.Answers>
  readonly running: ReadonlyArray<Running>
  readonly #stack: AsyncDisposableStack

  private constructor(load: Child<load.Answers>, running: ReadonlyArray<Running>, stack: AsyncDisposableStack) {
    this.load = load
    this.running = running
    this.#stack = stack
  }

  /** Starts all of them, and puts them on their cores. Those that are kept are there already, and stay when it is over. */
  static async start(scenario: string, contestants: ReadonlyArray<Contestant>, keeps: boolean): Promise<Arena> {
    await using stack = new AsyncDisposableStack()
    const file = new URL("./load.ts", import.meta.url)
    const generator = childOf<load.Answers>("the load generator", file, keeps, stack)
    generator.scenario = scenario
    const starting = contestants.map((contestant) => {
      const child = childOf<server.Answers>(`the server of ${contestant.name}`, contestant.server, keeps, stack)
      child.scenario = scenario
      return { ...contestant, child }
    })
    const running = await Promise.all(
      starting.map(async (contestant) => ({ ...contestant, port: await contestant.child.ask("port", 30) }))
    )
    const failures = await Promise.all([
      pin(generator.pid, "load"),
      ...running.map(({ child }) => pin(child.pid, "servers"))
    ])
    const failure = failures.find((why) => why !== undefined)
    if (failure !== undefined && failure !== unpinned) {
      unpinned = failure
      console.error(`Servers and load are not on cores of their own: ${failure}.`)
    }
    const arena = new Arena(generator, running, stack.move())
    if (keeps) arena.#stack.defer(() => arena.#closeAll())
    return arena
  }

  async #closeAll(): Promise<void> {
    await Promise.all(this.running.map(({ name }) => this.load.ask("close", 15, name)))
  }

  async open({ name, port, side }: Running, count: number, mounting: Mounting, concurrency = 128): Promise<load.Work> {
    return this.load.ask("open", 30, { group: name, side, port, count, concurrency, ...mounting })
  }

  async close({ name }: Running): Promise<void> {
    await this.load.ask("close", 15, name)
    // The server learns of it, and lets go.
    await setTimeout(250)
  }

  /** Says what a piece of work took; the figure is units per second unless it is to be another. */
  async measure(
    { child }: Running,
    work: () => Promise<load.Work>,
    figure: (work: load.Work) => number = ({ seconds, units }) => units / seconds
  ): Promise<Round> {
    const busy = busyMillis()
    const before = await child.ask("cpu", 15)
    const done = await work()
    const { cpu, latency, merged, seconds, units } = done
    const server = (await child.ask("cpu", 15)) - before
    const micros = seconds * 1e6
    const cores = {
      server: server / micros,
      load: cpu / micros,
      others: Math.max(0, (busyMillis() - busy) * 1000 - server - cpu) / micros
    }
    return {
      figure: figure(done),
      cpu: { server: server / units, load: cpu / units },
      cores,
      merged,
      ...(latency === undefined ? {} : { latency })
    }
  }

  /** All of them in turn, a few times to warm up and then as often as it takes. */
  async alternate(
    { profile, rounds: times }: Effort,
    round: (contestant: Running) => Promise<Round>,
    warmUps = 1
  ): Promise<Outcome> {
    for (let index = 0; index < warmUps; index++) {
      for (const contestant of this.running) await round(contestant)
    }
    const rounds: Record<string, Array<Round>> = {}
    for (let index = 0; index < times; index++) {
      for (const contestant of this.running) (rounds[contestant.name] ??= []).push(await round(contestant))
    }
    return profile ? { rounds, hot: await this.profile(round) } : { rounds }
  }

  /** Rounds of fibra around each one of those to which it takes ten seconds. */
  async surround({ profile, together }: Effort, round: (contestant: Running) => Promise<Round>): Promise<Outcome> {
    const fronts = this.running.filter(({ side }) => isFront(side))
    for (let index = 0; index < 2; index++) {
      for (const front of fronts) await round(front)
    }
    const rounds: Record<string, Array<Round>> = {}
    for (let index = 0; index < together.others; index++) {
      for (const contestant of this.running) {
        const times = isFront(contestant.side) ? together.fibra : 1
        for (let more = 0; more < times; more++) (rounds[contestant.name] ??= []).push(await round(contestant))
      }
    }
    return profile ? { rounds, hot: await this.profile(round) } : { rounds }
  }

  /** Where fibra's servers spend their time. These rounds do not count: to look costs time, too. */
  async profile(round: (contestant: Running) => Promise<unknown>): Promise<Record<string, ReadonlyArray<Hot>>> {
    const hot: Record<string, ReadonlyArray<Hot>> = {}
    for (const contestant of this.running) {
      if (!isFront(contestant.side)) continue
      await contestant.child.ask("startProfile", 15)
      for (let index = 0; index < 3; index++) await round(contestant)
      hot[contestant.name] = await contestant.child.ask("stopProfile", 15)
    }
    return hot
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}
