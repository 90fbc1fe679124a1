/** Whoever looks at an entry point in an editor sees how it is used. That the code is in order is checked with the other snippets. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { root } from "../support/workspace.ts"

/** The entry points, and how the line begins in which each is declared. */
const entryPoints = [
  ["Component.Service", "src/Component.ts", "export const Service ="],
  ["toLayer", "src/Component.ts", "  readonly toLayer:"],
  ["LiveServer.layerHttp", "src/server/LiveServer.ts", "export const layerHttp ="],
  ["LiveServer.attach", "src/server/attach.ts", "export const attach ="],
  ["LiveServer.runMain", "src/server/runMain.ts", "export const runMain ="],
  ["LiveServer.layer", "src/server/LiveServer.ts", "export const layer ="],
  ["LiveConfig.layer", "src/server/LiveConfig.ts", "export const layer ="],
  ["Authentication.layer", "src/server/security/Authentication.ts", "export const layer ="],
  ["Authorization.layer", "src/server/security/Authorization.ts", "export const layer ="],
  ["MonitorAccess.layer", "src/server/monitor/MonitorAccess.ts", "export const layer ="],
  ["SnapshotStore.layerSql", "src/server/store/SnapshotStore.ts", "export const layerSql:"],
  ["LiveClient.layerWebSocket", "src/client/LiveClient.ts", "  static readonly layerWebSocket ="],
  ["mount", "src/client/LiveClient.ts", "    readonly mount:"],
  ["useComponent", "src/react/useComponent.ts", "export const useComponent:"],
  ["LiveTest.layer", "src/testing/LiveTest.ts", "  static readonly layer ="],
  ["Actor.spawn", "src/actor/Actor.ts", "export const spawn ="]
] as const

describe("the docstring", () => {
  for (const [name, path, declaration] of entryPoints) {
    it(`of ${name} has an example of it`, () => {
      const lines = readFileSync(join(root, path), "utf8").split("\n")
      const at = lines.findIndex((line) => line.startsWith(declaration))
      assert.isAbove(at, 0, "it is declared there")
      const docstring = lines.slice(
        lines.findLastIndex((line, index) => index < at && line.trim() === "/**"),
        at
      )
      assert.strictEqual(docstring.at(-1)?.trim(), "*/")
      assert.match(docstring.join("\n"), /<!-- snippet: \S+ -->\n\s*\*\n\s*\* ```tsx?\n/)
      assert.include(docstring.join("\n"), name.slice(name.lastIndexOf(".") + 1))
    })
  }
})
