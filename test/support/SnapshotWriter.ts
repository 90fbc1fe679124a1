/** A process that writes one large snapshot after the other into the folder it is given, and says so, until it is killed. */
import { Effect } from "effect"
import * as SnapshotStore from "../../src/server/store/SnapshotStore.ts"

const text = "x".repeat(8 * 1024 * 1024)

const program = Effect.gen(function* () {
  const store = yield* SnapshotStore.SnapshotStore
  for (let revision = 1; ; revision++) {
    yield* store.write("large", { component: "Large", version: 1, epoch: 1, revision, state: { text, end: revision } })
    process.stdout.write(`${revision}\n`)
  }
})

await Effect.runPromise(Effect.provide(program, SnapshotStore.layerFolder(process.argv[2] ?? "")))
