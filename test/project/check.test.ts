/** `npm run check` finds what it is there to find. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyWith, root, run } from "../support/workspace.ts"

const source = (path: string) => readFileSync(join(root, path), "utf8")

const planted = [
  {
    what: "the client imports the server",
    check: "imports",
    files: {
      "src/client/LiveClient.ts": `${source("src/client/LiveClient.ts")}\nexport { layer } from "../server/LiveServer.ts"\n`
    },
    says: "src/client/LiveClient.ts → src/server/LiveServer.ts"
  },
  {
    what: "a folder of the server imports one above it",
    check: "imports",
    files: {
      "src/server/store/Snapshot.ts": `${source("src/server/store/Snapshot.ts")}\nexport type { Session } from "../session/Session.ts"\n`
    },
    says: "src/server/store/Snapshot.ts → src/server/session/Session.ts"
  },
  {
    what: "a file on the ground of the server imports one of its folders",
    check: "imports",
    files: {
      "src/server/IdGenerator.ts": `${source("src/server/IdGenerator.ts")}\nexport type { Principals } from "./security/Principals.ts"\n`
    },
    says: "src/server/IdGenerator.ts → src/server/security/Principals.ts"
  },
  {
    what: "a session knows what runs an instance",
    check: "imports",
    files: {
      "src/server/session/PendingAcks.ts": `${source("src/server/session/PendingAcks.ts")}\nexport type { InstanceActor } from "../instance/InstanceActor.ts"\n`
    },
    says: "sessions-hold-references"
  },
  {
    what: "there is a cycle in the bench",
    check: "imports",
    files: { "bench/scan.ts": `${source("bench/scan.ts")}\nexport type { RawWire } from "./raw-wire.ts"\n` },
    says: "no-cycles: bench/"
  },
  {
    what: "two exported types have the same name",
    check: "type-names",
    files: { "src/LiveId.ts": `${source("src/LiveId.ts")}\nexport interface Principal {}\n` },
    says: "Principal is declared in src/LiveId.ts and in src/Principal.ts"
  },
  {
    what: "there is a cycle",
    check: "imports",
    files: {
      "src/LiveId.ts": `${source("src/LiveId.ts")}\nexport type { LiveError } from "./LiveError.ts"\n`,
      "src/LiveError.ts": `${source("src/LiveError.ts")}\nexport type { ComponentId } from "./LiveId.ts"\n`
    },
    says: "no-cycles: src/Live"
  },
  {
    what: "an export is used by nobody",
    check: "dead-code",
    files: { "src/LiveId.ts": `${source("src/LiveId.ts")}\nexport const forgotten = 1\n` },
    says: "forgotten"
  },
  {
    what: "a snippet of the documentation is not what the example says any more",
    check: "snippets",
    files: { "examples/counter/Counter.ts": source("examples/counter/Counter.ts").replace("version: 1", "version: 2") },
    says: "README.md"
  },
  {
    what: "the example of a docstring is not what its source says any more",
    check: "snippets",
    files: {
      "test/examples/Stores.test.ts": source("test/examples/Stores.test.ts").replace(
        "creates its tables",
        "makes tables"
      )
    },
    says: "src/server/store/SnapshotStore.ts"
  },
  {
    what: "the published protocol is not what the schemas of its messages say any more",
    check: "protocol",
    files: { "src/JsonProtocol.ts": source("src/JsonProtocol.ts").replace("isMaxLength(256)", "isMaxLength(255)") },
    says: "docs/protocol/schema.json"
  },
  {
    what: "the index of errors is not what an error says any more",
    check: "errors",
    files: { "src/LiveError.ts": source("src/LiveError.ts").replace("is not available", "is unknown") },
    says: "docs/errors.md"
  },
  {
    what: "a function that the architecture names is called something else",
    check: "references",
    files: {
      "src/server/session/SessionMounts.ts": source("src/server/session/SessionMounts.ts").replaceAll(
        "#keep",
        "#retain"
      )
    },
    says: "src/server/session/SessionMounts.ts has nothing called #keep"
  },
  {
    what: "a folder of src has no line in the architecture",
    check: "references",
    files: { "src/server/attic/Attic.ts": "export {}\n" },
    says: "the folder src/server/attic has no line"
  },
  {
    what: "a test that test/README.md names is not there",
    check: "references",
    files: { "test/README.md": source("test/README.md").replace("test/Patch.test.ts", "test/Patches.test.ts") },
    says: "there is no file test/Patches.test.ts"
  },
  {
    what: "a link leads to a heading that is not there",
    check: "references",
    files: { "docs/react.md": `${source("docs/react.md")}\n[gone](state.md#gone)\n` },
    says: "docs/state.md has no heading #gone"
  },
  {
    what: "a page costs more than its budget",
    check: "size",
    files: {
      "src/client/LiveClient.ts": `${source("src/client/LiveClient.ts")}\nexport * as More from "effect/http-api/HttpApiBuilder"\n`,
      "test/fixtures/size/page.tsx": `${source("test/fixtures/size/page.tsx")}\nimport { More } from "../../../src/client/LiveClient.ts"\nObject.assign(globalThis, { More })\n`
    },
    says: "The page is over its budget."
  }
] as const

describe("npm run check", () => {
  // One run finds all that is planted for its check: the checks take long.
  for (const [check, cases] of Map.groupBy(planted, ({ check }) => check)) {
    it.live(
      `npm run check fails when ${cases.map(({ what }) => what).join("; when ")}`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* copyWith(Object.assign({}, ...cases.map(({ files }) => files)))
          const outcome = yield* run(cwd, "node", ["scripts/check.ts", check])
          assert.isFalse(outcome.ok)
          for (const { says, what } of cases) assert.include(outcome.output, says, what)
        }),
      120_000
    )
  }
})
