import type { IncomingMessage } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { HttpServerRequest } from "effect/http"
import { indirectionOf } from "../../../src/server/monitor/DirectRequest.ts"
import { proxies } from "../../support/MonitoredServer.ts"

/** A request from this address, with these headers. */
const from = (
  remoteAddress: string | undefined,
  headers: Readonly<Record<string, string>> = {},
  httpVersion = "1.1"
) => {
  const all = { host: "127.0.0.1:3000", ...headers }
  const incoming = {
    headers: all,
    rawHeaders: Object.entries(all).flat(),
    httpVersion,
    socket: { remoteAddress },
    url: "/"
  }
  const request = HttpServerRequest.fromWeb(new Request("http://127.0.0.1:3000/"))
  Object.defineProperty(request, "source", { value: incoming as Partial<IncomingMessage> })
  assert.strictEqual(NodeHttpServerRequest.toIncomingMessage(request) as unknown, incoming)
  return indirectionOf(request)
}

describe("a request is direct", () => {
  for (const address of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]) {
    it(`from ${address}`, () => assert.isUndefined(from(address)))
  }
  for (const header of [
    "accept",
    "accept-encoding",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "if-none-match",
    "origin",
    "range",
    "sec-fetch-site",
    "sec-websocket-key",
    "te",
    "traceparent",
    "upgrade",
    "user-agent",
    "x-correlation-id",
    "x-prometheus-scrape-timeout-seconds",
    "x-request-id"
  ]) {
    it(`with ${header}`, () => assert.isUndefined(from("127.0.0.1", { [header]: "" })))
  }
  for (const host of [
    "localhost",
    "localhost:3000",
    "LOCALHOST:80",
    "127.0.0.1",
    "127.0.0.2:1",
    "[::1]",
    "[::1]:3000"
  ]) {
    it(`to ${host}`, () => assert.isUndefined(from("127.0.0.1", { host })))
  }
})

describe("a request is not direct", () => {
  for (const address of [
    "10.0.0.1",
    "192.0.2.1",
    "128.0.0.1",
    "::ffff:10.0.0.1",
    "fe80::1",
    "::2",
    "1127.0.0.1",
    undefined
  ]) {
    it(`from ${String(address)}`, () => assert.strictEqual(from(address), "peer"))
  }
  for (const host of [
    "example.org",
    "localhost.example.org",
    "notlocalhost",
    "127.0.0.1.example.org",
    "10.0.0.1",
    "[::2]",
    "",
    "a:b"
  ]) {
    it(`to "${host}"`, () => assert.strictEqual(from("127.0.0.1", { host }), "host"))
  }
  for (const header of proxies.flatMap((headers) => Object.keys(headers))) {
    it(`with ${header}, whatever that says`, () =>
      assert.strictEqual(from("127.0.0.1", { [header.toLowerCase()]: "" }), "proxy"))
  }
  it("over HTTP/1.0", () => assert.strictEqual(from("127.0.0.1", {}, "1.0"), "proxy"))
})
