/** The suites that `npm run mutate` runs: those of the files it changes, in memory and in virtual time. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: [
      "test/{ElementMatch,Frozen,Json,ListChange,ListEdit,Patch,PatchApply,PatchOp,PatchSize,PieceTable,StateCodec,StateReuse}.test.ts",
      "test/actor/{RestartPolicy,Mailbox}.test.ts",
      "test/{client,sync}/*.test.ts",
      "test/server/{instance,security,session,sync,transport,wire/rpc}/*.test.ts"
    ],
    // It weighs the heap, which broken code makes heavier.
    exclude: ["test/server/session/footprint.test.ts"],
    // One worker for all files: loading effect again for each would take longer than most of these tests.
    isolate: false,
    env: { FIBRA_PATCH_RUNS: "150" },
    testTimeout: 120_000
  }
})
