/**
 * The upgrades of one HTTP server that need nothing of Effect's. A fiber, a router and a response that nobody gets would be
 * most of what a connection takes to open. The first upgrade of a path goes through all of that; when nothing but its
 * endpoint has had a say there, later ones of the same path go to the endpoint at once.
 */
import * as Context from "effect/Context"
import type { EventEmitter } from "node:events"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { servingUpgrades } from "./IdleServer.ts"

/** Accepts an upgrade, or leaves it alone: then it goes its ordinary way. */
export type Take = (incoming: IncomingMessage, socket: Socket) => boolean

/** A listener for upgrades. */
export type OnUpgrade = (incoming: IncomingMessage, socket: Socket, head: Buffer) => void

/** Paths as they are written in requests; one of a router may be written in many ways. */
const maxPaths = 8

/** The upgrades of one HTTP server. */
export class DirectUpgrades {
  readonly #takes = new Map<string, Take>()

  /** An upgrade went to its endpoint with nothing in between. */
  learn({ url = "" }: IncomingMessage, take: Take): void {
    if (this.#takes.size < maxPaths) this.#takes.set(pathOf(url), take)
  }

  /** Whether it was accepted. What came behind its request is for the ordinary way. */
  take(incoming: IncomingMessage, socket: Socket, head: Buffer): boolean {
    if (head.length > 0) return false
    const take = this.#takes.get(pathOf(incoming.url ?? ""))
    return take !== undefined && take(incoming, socket)
  }

  /** A listener that leaves only what is not accepted to the next one. */
  before(next: OnUpgrade): OnUpgrade {
    return (incoming, socket, head) => {
      if (!this.take(incoming, socket, head)) next(incoming, socket, head)
    }
  }

  /** From now on, every upgrade goes its ordinary way. */
  end(): void {
    this.#takes.clear()
  }
}

const pathOf = (url: string): string => {
  const end = url.indexOf("?")
  return end === -1 ? url : url.slice(0, end)
}

/** The upgrades of an HTTP server that asks them itself; undefined when nobody has made it do so. */
export const OfServer = Context.Reference<DirectUpgrades | undefined>("fibra/server/DirectUpgrades", {
  defaultValue: () => undefined
})

/**
 * The same for servers of somebody else, which are known by the upgrades that come through them. As long as a server has
 * one listener that serves upgrades, which is Effect's, those that are accepted do not reach it. Node gives a listener no way to
 * keep an event from the next one, so `emit` is wrapped.
 */
export class ForeignUpgrades extends DirectUpgrades {
  readonly #servers = new Map<EventEmitter, () => void>()

  override learn(incoming: IncomingMessage, take: Take): void {
    const { server } = incoming.socket as { readonly server?: EventEmitter }
    if (server === undefined) return
    super.learn(incoming, take)
    if (!this.#servers.has(server)) this.#servers.set(server, this.#wrap(server))
  }

  override end(): void {
    super.end()
    for (const unwrap of this.#servers.values()) unwrap()
    this.#servers.clear()
  }

  #wrap(server: EventEmitter): () => void {
    const { emit } = server
    const [own, ...others] = servingUpgrades(server)
    const isAsKnown = () => {
      const serving = servingUpgrades(server)
      return serving.length === 1 && serving[0] === own && others.length === 0
    }
    const ours = (event: string | symbol, ...args: ReadonlyArray<unknown>): boolean => {
      if (event === "upgrade" && isAsKnown() && this.take(...(args as Parameters<OnUpgrade>))) return true
      return emit.call(server, event, ...args)
    }
    server.emit = ours
    return () => {
      // Others may have wrapped it since; then ours stays, and takes nothing any more.
      if (server.emit === ours) server.emit = emit
    }
  }
}
