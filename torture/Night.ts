/** Runs a script, and checks after each step, and when everything has come to rest, what must hold whatever happens. */
import { isDeepStrictEqual } from "node:util"
import { type Effect, Exit } from "effect"
import { Client, Mounted, possibleRuns } from "./Client.ts"
import { EventLoop } from "./EventLoop.ts"
import { SeededRandom } from "./Random.ts"
import { OpenClient } from "./OpenClient.ts"
import { clients, openClients, type Step, type Where } from "./Script.ts"
import { Server, settings } from "./Server.ts"
import { Stranger } from "./Stranger.ts"
import { Bystander, type Record } from "./Subject.ts"
import { holds, Violation } from "./Violation.ts"
import { fair, type Weather } from "./Weather.ts"

/** How a night went. */
export interface Report {
  /** What must not happen and did; undefined when nothing did. */
  readonly violation: string | undefined
  /** After which step; the number of all when it was at rest. */
  readonly step: number
}

/** Milliseconds after which everything that can recover has recovered. */
const recovery = 240_000

/** Milliseconds after which all clients come back once more. */
const reconnection = 60_000

/** For how long a call that hangs keeps those behind it waiting, in milliseconds. */
const perHang = 25_000

/** Everything there is in one night. */
class Night {
  readonly #loop: EventLoop
  readonly #record: Record["Service"] = { weather: fair(), runs: new Map(), lives: new Map() }
  readonly #clients: Array<Client> = []
  readonly #openClients: Array<OpenClient> = []
  #strangers: Array<Stranger> = []
  #server!: Server
  #bystander!: Client
  #counting!: Mounted<typeof Bystander>

  constructor(loop: EventLoop) {
    this.#loop = loop
  }

  async begin(): Promise<void> {
    this.#server = await this.#result("making the server", Server.make(this.#loop, this.#record))
    await this.#server.start()
    const principals = ["ada", "ada", "bob", undefined]
    for (let index = 0; index < clients; index++) {
      const client = await Client.connect(this.#loop, `client ${index}`, principals[index], this.#server.reachable)
      client.mount("shared")
      client.mount("own")
      this.#clients.push(client)
    }
    for (let index = 0; index < openClients; index++) {
      const client = new OpenClient(`open client ${index}`, this.#server.openWire)
      client.connect()
      this.#openClients.push(client)
    }
    this.#bystander = await Client.connect(this.#loop, "bystander", "eve", this.#server.reachable)
    this.#counting = new Mounted(this.#loop, this.#bystander.link.mount(Bystander, { key: "counter" }))
    await this.#loop.drain()
  }

  async step(step: Step): Promise<void> {
    if (step.do === "open") {
      this.#open(step)
      return this.#loop.drain()
    }
    const client = "client" in step ? this.#clients[step.client] : undefined
    switch (step.do) {
      case "call":
        client?.call(step.where, step.action, step.kind === undefined ? {} : { kind: step.kind })
        break
      case "set":
        Object.assign(this.#record.weather, { [step.part]: step.to } as Partial<Weather>)
        break
      case "store":
        this.#server.store.set(step.operation, step.fault)
        break
      case "heal":
        this.#server.store.heal()
        break
      case "cut":
        this.#start(client?.link.disconnect)
        break
      case "connect":
        this.#start(client?.link.reconnect)
        break
      case "stall":
        this.#start(client?.link.stall)
        break
      case "unstall":
        this.#start(client?.link.unstall)
        break
      case "delay":
        this.#start(client?.link.hold)
        break
      case "arrive":
        this.#start(client?.link.unhold)
        break
      case "twice":
        this.#start(client?.link.twice)
        break
      case "remount":
        client?.mount(step.where)
        break
      case "giveUp":
        client?.giveUp()
        break
      case "flood":
        for (let count = 0; count < step.count; count++) client?.call("shared", "Write", {})
        break
      case "garbage":
        this.#stranger(step.text, step.count)
        break
      case "leave":
        this.#strangers.shift()?.leave()
        break
      case "kill":
        for (const { link } of [...this.#clients, this.#bystander]) this.#start(link.disconnect)
        for (const client of this.#openClients) client.cut()
        await this.#server.kill()
        await this.#restart()
        break
      case "stop":
        await this.#server.stop()
        for (const { link } of [...this.#clients, this.#bystander]) this.#start(link.disconnect)
        for (const client of this.#openClients) client.cut()
        await this.#restart()
        break
      case "jump":
        this.#loop.jump(step.millis)
        break
      case "freeze":
        await this.#loop.freeze(step.millis)
        break
      case "advance":
        await this.#loop.advance(step.millis)
        break
    }
    await this.#loop.drain()
  }

  #open({ client, what }: Extract<Step, { readonly do: "open" }>): void {
    const openClient = this.#openClients[client]
    if (what === "call") openClient?.call("Write")
    else openClient?.[what]()
  }

  /** What holds after every step. */
  async check(): Promise<void> {
    const [uncaught] = this.#loop.uncaught
    holds(this.#loop.uncaught.length === 0, () => `Nobody caught ${describe(uncaught)}`)
    const { connections, parked, sessions } = this.#server.open()
    holds(
      sessions <= connections + parked,
      () => `${sessions} sessions are owned by ${connections} connections and ${parked} places to wait`
    )
    holds(parked <= settings.maxParked, () => `${parked} sessions are parked where ${settings.maxParked} may be`)
    for (const [mark, runs] of this.#record.runs) holds(runs <= 1, () => `"${mark}" ran ${runs} times`)
    await this.#stillServed()
  }

  /** Whoever stands by is served as ever. */
  async #stillServed(): Promise<void> {
    const { handle } = this.#counting
    holds(handle !== undefined, () => "The bystander was not mounted")
    const answer = this.#loop.run(handle.call.Count())
    await this.#loop.drain()
    const exit = answer.pollUnsafe()
    holds(exit !== undefined, () => "The bystander's call was not answered")
    holds(Exit.isSuccess(exit), () => `The bystander's call failed: ${describe(exit)}`)
  }

  /** Everything works again; in the end all is as if nothing had happened. */
  async rest(): Promise<void> {
    Object.assign(this.#record.weather, fair())
    this.#server.store.heal()
    const calls = this.#clients.flatMap((client) => client.calls)
    const hangs = calls.filter(({ action, fiber }) => action.startsWith("Hang") && fiber.pollUnsafe() === undefined)
    for (const { link } of this.#clients) for (const heal of [link.unhold, link.unstall]) this.#start(heal)
    for (let waited = 0; waited < recovery + hangs.length * perHang; waited += 5000) {
      // What was refused is asked for again with the next connection.
      if (waited % reconnection === 0) {
        for (const { link } of this.#clients) this.#start(link.disconnect)
        for (const client of this.#openClients) client.cut()
        await this.#loop.drain()
      }
      for (const { link } of this.#clients) this.#start(link.reconnect)
      for (const client of this.#openClients) client.connect()
      await this.#loop.advance(5000)
    }
    await this.check()
    for (const { action, fiber, mark } of calls) {
      const outcome = fiber.pollUnsafe()
      holds(outcome !== undefined, () => `"${mark}" (${action}) was never answered`)
      const runs = this.#record.runs.get(mark) ?? 0
      holds(possibleRuns(outcome).includes(runs), () => `"${mark}" (${action}) ran ${runs} times: ${describe(outcome)}`)
    }
    for (const [index, client] of this.#clients.entries()) {
      for (const where of ["shared", "own"] as const) await this.#agrees(`client ${index}`, client, where)
    }
    for (const [index, client] of this.#openClients.entries()) await this.#openAgrees(`open client ${index}`, client)
    await this.#leavesNothing()
  }

  /** The client of the open wire has what the server has, and knows of each call what can be known. */
  async #openAgrees(name: string, { answers, isMounted, state }: OpenClient): Promise<void> {
    holds(isMounted, () => `${name} has not mounted the shared component`)
    const life = this.#record.lives.get("shared")?.at(-1)
    const current = life === undefined ? undefined : await this.#result("the shared state", life)
    holds(isDeepStrictEqual(state, current), () => `${name} has ${describe(state)} of ${describe(current)}`)
    for (const [mark, answer] of answers) {
      holds(answer !== undefined, () => `"${mark}" was never answered`)
      const runs = this.#record.runs.get(mark) ?? 0
      const isPossible = answer === "lost" || (answer.success ? runs === 1 : runs === 0 || mayHaveRun(answer.code))
      holds(isPossible, () => `"${mark}" ran ${runs} times: ${describe(answer)}`)
    }
  }

  /** The client shows what the server has. */
  async #agrees(name: string, client: Client, where: Where): Promise<void> {
    const handle = client.handle(where)
    holds(handle !== undefined, () => `${name} has not mounted its ${where} component`)
    const view = await this.#result(`the view of ${name}`, handle.view)
    holds(
      view.connected && view.status === "running",
      () => `${name} (${where}) is ${view.status}: ${describe(view.error)}`
    )
    const life = this.#record.lives.get(where === "shared" ? "shared" : handle.props.who)?.at(-1)
    holds(life !== undefined, () => `The ${where} component of ${name} never lived`)
    const state = await this.#result(`the state of ${name}`, life)
    holds(
      isDeepStrictEqual(view.state, state),
      () => `${name} (${where}) shows ${describe(view.state)} where the server has ${describe(state)}`
    )
  }

  /** When all have left, nothing is left. */
  async #leavesNothing(): Promise<void> {
    for (const client of this.#clients) client.releaseAll()
    this.#counting.release()
    for (const client of this.#openClients) client.leave()
    for (const stranger of this.#strangers) stranger.leave()
    await this.#loop.advance(120_000)
    const { instances, parked, rooms } = this.#server.open()
    holds(instances === 0, () => `${instances} instances are left`)
    holds(rooms === 0, () => `${rooms} rooms are left`)
    holds(parked === 0, () => `${parked} sessions are still parked`)
    for (const { link } of [...this.#clients, this.#bystander]) this.#start(link.disconnect)
    for (const client of this.#openClients) client.cut()
    await this.#loop.advance(settings.linger * 2)
    const { connections, sessions } = this.#server.open()
    holds(connections === 0 && sessions === 0, () => `${connections} connections and ${sessions} sessions are left`)
  }

  /** Somebody comes, says the same again and again, and stays. */
  #stranger(text: string, count: number): void {
    const reachable = this.#server.reachable()
    if (reachable === undefined) return
    const stranger = new Stranger(reachable)
    this.#strangers.push(stranger)
    for (let said = 0; said < count; said++) {
      if (text === "pong") stranger.pong()
      else stranger.say(text)
    }
  }

  async #restart(): Promise<void> {
    await this.#server.start()
    this.#start(this.#bystander.link.reconnect)
    await this.#loop.drain()
  }

  #start(effect: Effect.Effect<unknown> | undefined): void {
    if (effect !== undefined) this.#loop.run(effect)
  }

  /** The result of what needs no time. */
  async #result<A>(what: string, effect: Effect.Effect<A>): Promise<A> {
    const fiber = this.#loop.run(effect)
    await this.#loop.drain()
    const exit = fiber.pollUnsafe()
    if (exit === undefined || Exit.isFailure(exit))
      throw new Violation(`What takes no time (${what}) failed: ${describe(exit)}`)
    return exit.value
  }
}

/** Whether a call that was refused with this code may have run all the same. */
const mayHaveRun = (code: string | undefined): boolean => code === "CallExpired" || code === "ComponentCrashed"

const describe = (value: unknown): string => {
  try {
    return (
      (value instanceof Error ? (value.stack ?? value.message) : JSON.stringify(value))?.slice(0, 2000) ?? "undefined"
    )
  } catch {
    return "something that cannot be described"
  }
}

/** Runs one night. The seed decides in which order things happen that happen at the same time. */
export const run = async (seed: number, steps: ReadonlyArray<Step>): Promise<Report> => {
  const loop = new EventLoop(new SeededRandom(seed))
  const uninstall = loop.install()
  let step = 0
  try {
    const night = new Night(loop)
    await night.begin()
    for (const next of steps) {
      await night.step(next)
      await night.check()
      step++
    }
    await night.rest()
    return { violation: undefined, step }
  } catch (error) {
    return { violation: error instanceof Violation ? error.message : describe(error), step }
  } finally {
    uninstall()
  }
}
