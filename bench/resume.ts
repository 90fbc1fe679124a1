/**
 * Clients that lose their connection and come back for their session: mounted and asked to change, cut off, and then timed one by
 * one, from the first packet of the new connection until everything that changed meanwhile is in.
 */
import { setTimeout } from "node:timers/promises"
import { LightSocket } from "./socket.ts"
import { paths } from "./wires.ts"

/** What is to be measured. */
export interface Plan {
  readonly port: number
  readonly sessions: number
  /** Components of each session, and how often each changes while its client is away. */
  readonly components: number
  readonly changes: number
}

interface Message {
  readonly _tag: string
  readonly requestId?: string | number
  readonly values?: ReadonlyArray<Event>
  readonly exit?: { readonly _tag: string; readonly value: Place }
}

interface Event {
  readonly _tag: string
  readonly sessionToken: string
  readonly resumed: boolean
  readonly componentId: string
  readonly patch?: ReadonlyArray<readonly [kind: string, path: ReadonlyArray<unknown>, value?: unknown]>
}

interface Place {
  readonly componentId: string
  readonly epoch: number
  readonly revision: number
  readonly index: number
}

/** One client, over two connections. */
class Returning {
  readonly #plan: Plan
  readonly #places = new Map<string, Place>()
  #token = ""
  #socket: LightSocket | undefined
  #left = (): void => {}
  /** It was so slow to leave that something had changed before. */
  #sawChanges = false

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** Mounts everything, asks for changes to come, and is cut off before they do. */
  async leave(): Promise<void> {
    const { changes, components } = this.#plan
    let answers = 0
    const socket = await this.#over(
      (send) => {
        send("connect", "Connect", {})
        for (let callId = 0; callId < components; callId++) {
          send(callId, "Mount", { component: "Later", props: {}, callId })
        }
      },
      (message, send) => {
        for (const event of message.values ?? []) {
          if (event._tag === "ConnectionEstablished") this.#token = event.sessionToken
          if (event._tag === "Patched") this.#sawChanges = true
        }
        if (message._tag !== "Exit") return false
        const id = Number(message.requestId)
        if (id < components) {
          const place = message.exit?.value as Place
          this.#places.set(place.componentId, place)
          const { componentId } = place
          const callId = components + id
          send(callId, "Call", { componentId, action: "Start", payload: { changes }, callId })
          return false
        }
        return ++answers === components
      }
    )
    await socket.close()
  }

  /** Comes back; gives the milliseconds until nothing is missing any more, or nothing when it did not miss everything. */
  async comeBack(): Promise<ReadonlyArray<number>> {
    if (this.#sawChanges) return []
    const { changes, components } = this.#plan
    let left = components
    const start = performance.now()
    this.#socket = await this.#over(
      (send) => {
        const resume = { sessionToken: this.#token, components: [...this.#places.values()].map(placeOf), pending: [] }
        send("connect", "Connect", { resume })
      },
      (message) => {
        for (const event of message.values ?? []) {
          if (event._tag === "ConnectionEstablished" && !event.resumed) throw new Error("The session was not resumed.")
          // What has changed while it was away may come as one change.
          if (event._tag === "Patched" && countOf(event) === changes) left--
        }
        return left === 0
      }
    )
    return [performance.now() - start]
  }

  /** Says good-bye, as fibra's own client does, and waits until it is known that the server has heard it. */
  async close(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined) return
    await new Promise<void>((resolve) => {
      this.#left = resolve
      socket.send(JSON.stringify([{ _tag: "Eof" }, { _tag: "Ping" }]))
    })
    await socket.close()
  }

  /** Says something on a new connection and listens until it is done. */
  #over(opened: (send: Send) => void, heard: (message: Message, send: Send) => boolean): Promise<LightSocket> {
    return new Promise((resolve, reject) => {
      const send: Send = (id, tag, payload) =>
        socket.send(JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] }))
      const socket: LightSocket = new LightSocket(this.#plan.port, paths.rpc, {
        opened: () => opened(send),
        received: (bytes, start, end) => {
          try {
            for (const message of JSON.parse(bytes.toString("utf8", start, end)) as ReadonlyArray<Message>) {
              if (message._tag === "Pong") this.#left()
              else if (heard(message, send)) resolve(socket)
            }
          } catch (error) {
            reject(error)
          }
        },
        lost: (why) => reject(new Error(`A returning client failed: ${why}`))
      })
    })
  }
}

type Send = (id: string | number, tag: string, payload: unknown) => void

/** What a change has set the counter to. */
const countOf = ({ patch = [] }: Event): unknown => patch.find(([, [field]]) => field === "count")?.[2]

const placeOf = ({ componentId, epoch, index, revision }: Place): Place => ({ componentId, epoch, revision, index })

/** Clients that are prepared at the same time. */
const concurrency = 16

/** Clients that come back before they all close, so that no good-bye is measured with a return. */
const closedAtOnce = 20

/** The milliseconds each client took to come back, of those that missed all changes. */
export const measure = async (plan: Plan): Promise<ReadonlyArray<number>> => {
  const clients = Array.from({ length: plan.sessions }, () => new Returning(plan))
  const waiting = clients.slice()
  const prepare = async (): Promise<void> => {
    for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) await client.leave()
  }
  await Promise.all(Array.from({ length: concurrency }, prepare))
  // Longer than it takes until the last change has been made.
  await setTimeout(400)
  const times: Array<number> = []
  while (clients.length > 0) {
    const next = clients.splice(0, closedAtOnce)
    for (const client of next) times.push(...(await client.comeBack()))
    await Promise.all(next.map((client) => client.close()))
    await setTimeout(10)
  }
  if (times.length < plan.sessions / 2)
    throw new Error("Most clients were too slow to leave before their components changed.")
  return times
}
