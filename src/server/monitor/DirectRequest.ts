/**
 * Whether a request comes from a program on this machine, and not from one that passes on what others ask. A request of
 * a page that somebody has made to resolve to this machine (DNS rebinding) names a host of its own, so the host counts,
 * too. A proxy that hides all signs of itself cannot be told from a program.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"

/** What speaks against it: where it comes from, a proxy, or the host it names. */
export type Indirection = "peer" | "proxy" | "host"

/** Headers of proxies, tunnels and content networks: those that say for whom they ask, and the families of the known ones. */
const ofProxies = [
  /^(?:via|forwarded|cdn-loop|max-forwards|front-end-https|proxy-.+)$/,
  /^(?:x-)?forwarded-|^x-forwarded$/,
  /^x-(?:original|proxy|scheme|url-scheme|host|envoy|varnish|arr|azure|appengine|cloud|amz|amzn|vercel|nf|akamai|edge)(?:-|$)/,
  /^(?:cf|cloudfront|fly|fastly|akamai|tailscale|ngrok|wl-proxy)-/,
  /(?:^|-)(?:client|real|remote|connecting|connection|originating|source|user|socket|peer|external)-?(?:ip|addr|address|host)$/
]

/** Undefined for a request from this machine. */
export const indirectionOf = (request: HttpServerRequest): Indirection | undefined => {
  const { headers, httpVersion, rawHeaders, socket, url } = NodeHttpServerRequest.toIncomingMessage(request)
  if (!isLoopback(socket?.remoteAddress)) return "peer"
  // nginx speaks HTTP/1.0 to servers behind it, and adds no header, unless it is told otherwise. Whoever names a whole
  // URL takes this server for a proxy.
  if (httpVersion === "1.0" || Object.keys(headers).some(isOfProxy) || url?.startsWith("/") === false) return "proxy"
  // Node reads the first of several hosts, and a proxy may have read another one.
  if (rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length > 1) return "host"
  return isLocal(headers.host ?? authorityOf(headers[":authority"])) ? undefined : "host"
}

/** What HTTP/2 has in place of a Host header. */
const authorityOf = (header: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof header === "string" ? header : undefined

/** 127.0.0.0/8, also when written as IPv6, and ::1. */
const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i.test(address)

const isOfProxy = (header: string): boolean => {
  const name = header.replaceAll("_", "-")
  return ofProxies.some((form) => form.test(name))
}

/** Whether a Host header names this machine, with or without a port. */
const isLocal = (host: string | undefined): boolean =>
  host !== undefined && /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host)
