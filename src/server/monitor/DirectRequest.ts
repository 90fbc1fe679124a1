/**
 * Whether a request comes from a program on this machine, and not from one that passes on what others ask. A request of
 * a page that somebody has made to resolve to this machine (DNS rebinding) names a host of its own, so the host counts,
 * too. A proxy that hides all signs of itself cannot be told from a program.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"

/** What speaks against it: where it comes from, a proxy, or the host it names. */
export type Indirection = "peer" | "proxy" | "host"

/** Headers that proxies and content networks add, besides those that begin with `x-forwarded`. */
const ofProxies = new Set([
  "forwarded",
  "via",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-host",
  "x-original-forwarded-for",
  "x-originating-ip",
  "x-remote-ip",
  "x-envoy-external-address",
  "cf-connecting-ip",
  "true-client-ip",
  "fastly-client-ip"
])

/** Undefined for a request from this machine. */
export const indirectionOf = (request: HttpServerRequest): Indirection | undefined => {
  const { headers, httpVersion, socket } = NodeHttpServerRequest.toIncomingMessage(request)
  if (!isLoopback(socket?.remoteAddress)) return "peer"
  // nginx speaks HTTP/1.0 to servers behind it, and adds no header, unless it is told otherwise.
  if (httpVersion === "1.0" || Object.keys(headers).some(isOfProxy)) return "proxy"
  return isLocal(headers.host ?? authorityOf(headers[":authority"])) ? undefined : "host"
}

/** What HTTP/2 has in place of a Host header. */
const authorityOf = (header: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof header === "string" ? header : undefined

/** 127.0.0.0/8, also when written as IPv6, and ::1. */
const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i.test(address)

const isOfProxy = (header: string): boolean => header.startsWith("x-forwarded") || ofProxies.has(header)

/** Whether a Host header names this machine, with or without a port. */
const isLocal = (host: string | undefined): boolean =>
  host !== undefined && /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host)
