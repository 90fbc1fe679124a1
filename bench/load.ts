/**
 * The load generator, one process for all servers: it keeps a group of clients for each of them and does with one group at a
 * time what the bench asks. What it reports is what its clients have received.
 */
import { Client, type Target } from "./client.ts"
import * as ipc from "./ipc.ts"
import { measure as measureResumes } from "./resume.ts"
import { type Files, send } from "./upload.ts"
import { quantile } from "./statistics.ts"

/** Work that was done. */
export interface Work {
  readonly units: number
  readonly seconds: number
  /** CPU time of the load generator, microseconds. */
  readonly cpu: number
  /** Changes that came merged with others, and so do not count. */
  readonly merged: number
  /** Of actions, from when they were asked for until answer and new state were in: milliseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number }
}

const groups = new Map<string, Array<Client>>()

const groupOf = (name: string): Array<Client> => {
  const group = groups.get(name) ?? []
  groups.set(name, group)
  return group
}

/** Runs something and says what was done in what time. */
const measure = async (run: () => Promise<{ readonly units: number; readonly merged?: number }>): Promise<Work> => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const { merged = 0, units } = await run()
  const seconds = (performance.now() - start) / 1000
  const { system, user } = process.cpuUsage(cpu)
  return { units, seconds, cpu: user + system, merged }
}

/** Lets the clients run until `isDone`, which is looked at whenever something comes in. */
const until = (clients: ReadonlyArray<Client>, onProgress: (client: Client) => void, isDone: () => boolean) =>
  new Promise<void>((resolve, reject) => {
    for (const client of clients) {
      client.onFailure = reject
      client.onProgress = (client) => {
        onProgress(client)
        if (isDone()) resolve()
      }
    }
  }).finally(() => {
    for (const client of clients) client.onProgress = () => {}
  })

/** The ids of what is said in rooms, so that what comes late is not taken for something else. */
let nextId = 0

/** Fails with what was wrong when something takes too long, which says more than that there was no answer. */
const within = async (seconds: number, work: Promise<void>, wrong: () => string): Promise<void> => {
  const late = Promise.withResolvers<never>()
  const deadline = setTimeout(() => late.reject(new Error(`After ${seconds} s ${wrong()}.`)), seconds * 1000)
  await Promise.race([work, late.promise]).finally(() => clearTimeout(deadline))
}

/** Opens clients and mounts, `concurrency` at a time; done when the last has its initial state. */
const open = ({
  concurrency,
  count,
  group,
  ...target
}: Target & { readonly group: string; readonly count: number; readonly concurrency: number }) =>
  measure(async () => {
    const clients = groupOf(group)
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const client = new Client(target)
        clients.push(client)
        await client.ready
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return { units: count }
  })

const close = async (group: string): Promise<void> => {
  await Promise.all(
    groupOf(group)
      .splice(0)
      .map((client) => client.close())
  )
}

/** Every client keeps `depth` actions in flight; an action is done when its answer and the new state are in. */
const act = async ({
  depth,
  group,
  seconds
}: {
  readonly group: string
  readonly depth: number
  readonly seconds: number
}): Promise<Work> => {
  const times: Array<number> = []
  const work = await measure(async () => {
    const clients = groupOf(group)
    const end = performance.now() + seconds * 1000
    const before = clients.reduce((sum, client) => sum + client.done, 0)
    let idle = 0
    const goOn = (client: Client) => {
      const now = performance.now()
      for (let more = client.done - client.timed; more > 0; more--) times.push(now - client.askedAt())
      if (now < end) {
        for (let more = client.done + depth - client.asked; more > 0; more--) client.increment(now)
      } else if (client.done === client.asked) idle++
    }
    const over = until(clients, goOn, () => idle === clients.length)
    clients.forEach(goOn)
    await over
    return { units: clients.reduce((sum, client) => sum + client.done, -before) }
  })
  const sorted = Float64Array.from(times).sort()
  return { ...work, latency: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) } }
}

/** The first client writes, one in flight, for those that come together are one change; every other one has to get every change. */
const write = ({ group, seconds }: { readonly group: string; readonly seconds: number }) =>
  measure(async () => {
    const [writer, ...readers] = groupOf(group)
    if (writer === undefined) throw new Error("There is nobody to write.")
    const end = performance.now() + seconds * 1000
    const total = (count: "changes" | "merged") => readers.reduce((sum, reader) => sum + reader[count], 0)
    const before = { changes: total("changes"), merged: total("merged") }
    let stopped = false
    let behind = readers.length
    const goOn = (client: Client) => {
      if (client === writer && performance.now() < end) {
        if (writer.answered === writer.asked) writer.write()
      }
      stopped ||= performance.now() >= end && writer.answered === writer.asked
      if (stopped) behind = readers.findIndex((reader) => reader.revision < writer.revision)
    }
    const over = until(groupOf(group), goOn, () => behind < 0)
    goOn(writer)
    await over
    return { units: total("changes") - before.changes, merged: total("merged") - before.merged }
  })

/** A group of which so many say or do something, all at once. */
interface Crowd {
  readonly group: string
  readonly acting: number
  readonly seconds: number
}

/** So many clients say one thing, all at once; done when everyone has heard everything, each of them once, and has its answer. */
const say = async ({ acting, group, seconds }: Crowd): Promise<Work> => {
  const clients = groupOf(group)
  const firstId = nextId
  nextId += acting
  for (const client of clients) client.listen(firstId, acting)
  const work = await measure(async () => {
    const done = (client: Client) => client.missing === 0 && client.answered === client.asked
    const waiting = new Set(clients)
    const heard = until(
      clients,
      (client) => done(client) && waiting.delete(client),
      () => waiting.size === 0
    )
    clients.slice(0, acting).forEach((client, nth) => client.say(firstId + nth))
    const missing = () => clients.reduce((sum, client) => sum + client.missing, 0)
    await within(seconds, heard, () => `${waiting.size} of ${clients.length} wait for ${missing()} events or an answer`)
    return { units: acting * clients.length }
  })
  // What comes twice may come late.
  const failure = new Promise<never>((_, reject) => clients.forEach((client) => (client.onFailure = reject)))
  await Promise.race([failure, new Promise<void>((resolve) => void setTimeout(resolve, 100))])
  return work
}

/** So many clients increment the counter they share, all at once; done when everyone sees what all of them made of it. */
const count = ({ acting, group, seconds }: Crowd) =>
  measure(async () => {
    const clients = groupOf(group)
    const goal = Math.max(...clients.map((client) => client.count)) + acting
    const done = (client: Client) => client.count === goal && client.answered === client.asked
    const waiting = new Set(clients)
    const seen = until(
      clients,
      (client) => done(client) && waiting.delete(client),
      () => waiting.size === 0
    )
    clients.slice(0, acting).forEach((client) => client.increment())
    await within(seconds, seen, () => `${waiting.size} of ${clients.length} do not see ${goal}, or have no answer`)
    return { units: acting }
  })

/** Events that are on their way to everyone at a time. */
const eventsInFlight = 4

/** The first client broadcasts texts of 200 bytes, four on their way to everyone; done when everyone has heard all of them. */
const broadcast = ({ group, seconds }: { readonly group: string; readonly seconds: number }) =>
  measure(async () => {
    const clients = groupOf(group)
    const [speaker] = clients
    if (speaker === undefined) throw new Error("There is nobody to speak.")
    const firstId = nextId
    for (const client of clients) client.follow(firstId)
    const end = performance.now() + seconds * 1000
    const text = "The quick brown fox jumps over the lazy dog. ".padEnd(200, "-")
    let said = 0
    let heard = 0
    // What everyone has heard, at least, when deliveries are in turn.
    const goOn = () => {
      while (said < Math.floor(heard / clients.length) + eventsInFlight && performance.now() < end) {
        speaker.say(firstId + said++, text)
      }
    }
    const over = until(
      clients,
      (client) => {
        heard += client.events - client.counted
        client.counted = client.events
        goOn()
      },
      () => heard === said * clients.length && performance.now() >= end
    )
    goOn()
    await within(seconds + 10, over, () => `${said * clients.length - heard} events are missing`)
    nextId += said
    return { units: heard }
  })

/** Sends files, and counts millions of bytes. */
const upload = (files: Files) => measure(() => send(files))

const answers = { open, close, act, write, say, count, broadcast, upload, resume: measureResumes }

/** What the load generator can be asked. */
export type Answers = typeof answers

ipc.answer(answers)
