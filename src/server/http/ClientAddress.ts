/**
 * The address that a client connects from: that of its socket, or the one that proxies in front report. One address is
 * one IPv4 address, or the first 64 bits of an IPv6 address, which is the least that one customer gets.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { IncomingMessage } from "node:http"
import { isIPv4, isIPv6, type Socket } from "node:net"

/**
 * The address of a request behind so many proxies, each of which appends the address of its own peer to
 * `X-Forwarded-For`. Anything before that in the header may be forged and is not read.
 */
export const of = (
  { headers, socket }: Pick<IncomingMessage, "headers"> & { readonly socket: Peer },
  trustedProxies: number
): string => {
  const own = networkOf(remoteAddress(socket) ?? "") ?? "unknown"
  if (trustedProxies === 0) return own
  const header = headers["x-forwarded-for"] ?? []
  const hops = (Array.isArray(header) ? header.join(",") : header).split(",")
  const hop = hops[Math.max(0, hops.length - trustedProxies)]
  return networkOf(withoutPort(hop?.trim() ?? "")) ?? own
}

/** A socket, and the handle that Node has for it. */
interface Peer extends Pick<Socket, "remoteAddress"> {
  readonly _handle?: { readonly getpeername?: (out: { address?: string }) => number } | null
}

/** Asks the system: Node would keep the answer for as long as the socket lives, 200 bytes of an idle connection. */
const remoteAddress = (socket: Peer): string | undefined => {
  const out: { address?: string } = {}
  return socket._handle?.getpeername?.(out) === 0 ? out.address : socket.remoteAddress
}

/** The same, of a request as Effect has it. */
export const ofRequest = (request: HttpServerRequest, trustedProxies: number): string =>
  of(NodeHttpServerRequest.toIncomingMessage(request), trustedProxies)

/**
 * `1.2.3.4` for itself and for `::ffff:1.2.3.4`; `2001:db8:0:1::/64` for an address of that network; undefined for
 * anything else.
 */
export const networkOf = (address: string): string | undefined => {
  if (isIPv4(address)) return address
  const [unscoped = ""] = address.split("%", 1)
  if (!isIPv6(unscoped)) return undefined
  // A URL spells an IPv6 host in one way: compressed, without dots.
  const { hostname } = new URL(`http://[${unscoped}]`)
  const [head = "", tail] = hostname.slice(1, -1).split("::")
  const before = groupsOf(head)
  const after = groupsOf(tail ?? "")
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  const [, , , , , mapped, high = 0, low = 0] = groups
  if (mapped === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`
}

const groupsOf = (text: string): ReadonlyArray<number> =>
  text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16))

/** Some proxies append the port: `1.2.3.4:5678`, `[::1]:5678`. */
const withoutPort = (hop: string): string => /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([\d.]+):\d+$/, "$1")
