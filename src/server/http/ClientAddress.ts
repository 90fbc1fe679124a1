/**
 * From where somebody connects, as far as that can be known: the address of the socket, or what the proxies in front say of it. What
 * is counted as one: an IPv4 address, and of IPv6 the 64 bits that one customer has at least.
 */
import type { IncomingMessage } from "node:http"
import { isIPv4, isIPv6, type Socket } from "node:net"

/**
 * Where a request comes from, when so many proxies stand in front, of which each adds to `X-Forwarded-For` whom it was asked by.
 * What stands before that in the header anybody can write there, so it is not read.
 */
export const of = (
  { headers, socket }: Pick<IncomingMessage, "headers"> & { readonly socket: Pick<Socket, "remoteAddress"> },
  trustedProxies: number
): string => {
  const own = networkOf(socket.remoteAddress ?? "") ?? "unknown"
  if (trustedProxies === 0) return own
  const header = headers["x-forwarded-for"] ?? []
  const hops = (Array.isArray(header) ? header.join(",") : header).split(",")
  const hop = hops[Math.max(0, hops.length - trustedProxies)]
  return networkOf(withoutPort(hop?.trim() ?? "")) ?? own
}

/** `1.2.3.4` for that and for `::ffff:1.2.3.4`, `2001:db8:0:1::/64` for what begins so; undefined for what is no address. */
export const networkOf = (address: string): string | undefined => {
  if (isIPv4(address)) return address
  const [unscoped = ""] = address.split("%", 1)
  if (!isIPv6(unscoped)) return undefined
  // As a host it has one spelling: compressed, with no dots.
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

/** Some proxies add the port: `1.2.3.4:5678`, `[::1]:5678`. */
const withoutPort = (hop: string): string => /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([\d.]+):\d+$/, "$1")
