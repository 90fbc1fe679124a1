import { assert, describe, it } from "@effect/vitest"
import * as ClientAddress from "../../../src/server/http/ClientAddress.ts"

describe("what counts as one address", () => {
  const cases = [
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::203.0.113.7", "64:ff9b:0:0::/64"],
    ["::2:ffff:cb00:7107", "0:0:0:0::/64"],
    ["unknown", undefined],
    ["1.2.3", undefined],
    ["", undefined]
  ] as const
  for (const [address, expected] of cases) {
    it(`"${address}" counts as ${expected}`, () => assert.strictEqual(ClientAddress.networkOf(address), expected))
  }
})

describe("where a request comes from", () => {
  const cases = [
    ["nobody is believed by default", 0, "1.1.1.1, 2.2.2.2", "9.9.9.9"],
    ["one proxy says by whom it was asked", 1, "1.1.1.1, 2.2.2.2", "2.2.2.2"],
    ["two proxies say so in turn", 2, "1.1.1.1, 2.2.2.2, 3.3.3.3", "2.2.2.2"],
    ["who came past one of them is the first", 3, "1.1.1.1, 2.2.2.2", "1.1.1.1"],
    ["a proxy that says nothing is itself", 1, undefined, "9.9.9.9"],
    ["a proxy that says nonsense is itself", 1, "1.1.1.1, unknown", "9.9.9.9"],
    ["nothing between commas is nobody", 1, "1.1.1.1,", "9.9.9.9"],
    ["a port is not part of it", 1, "2.2.2.2:4711", "2.2.2.2"],
    ["nor is one of IPv6", 1, "[2001:db8::1]:4711", "2001:db8:0:0::/64"],
    ["brackets are not part of it", 1, "[2001:db8::1]", "2001:db8:0:0::/64"]
  ] as const
  for (const [name, proxies, header, expected] of cases) {
    it(name, () => {
      const headers = header === undefined ? {} : { "x-forwarded-for": header }
      assert.strictEqual(ClientAddress.of({ headers, socket: { remoteAddress: "9.9.9.9" } }, proxies), expected)
    })
  }

  it("a request whose socket is closed already has an address", () => {
    assert.strictEqual(ClientAddress.of({ headers: {}, socket: { remoteAddress: undefined } }, 0), "unknown")
  })
})
