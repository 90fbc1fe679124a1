/** What a client may have kept when it says good-bye: what it has mounted, and nothing else that it names. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { settle, wires } from "../../support/Album.ts"
import { MemoryWires } from "../../support/MemoryWires.ts"
import { RpcAlbum, type RpcAlbumClient } from "../../support/RpcAlbum.ts"

const leave = ({ connection }: RpcAlbumClient, keep: unknown) =>
  Effect.andThen(
    Effect.sync(() => {
      connection.send({ _tag: "Eof", keep })
      connection.drop()
    }),
    settle
  )

layer(wires())("a client that says good-bye", (it) => {
  it.effect("a client that says good-bye keeps what it has mounted, whatever and however often it names", () =>
    Effect.gen(function* () {
      const { sessions } = yield* MemoryWires
      const stays = yield* RpcAlbum()
      yield* leave(yield* RpcAlbum(), [stays.componentId, "", "nothing", "x".repeat(100_000)])
      assert.deepStrictEqual(yield* sessions.size, { sessions: 1, parked: 0 })
      assert.deepInclude(yield* stays.start({ size: 1 }), { received: 0 })

      const goes = yield* RpcAlbum()
      const ids = Array.from({ length: 10_000 }, () => goes.componentId)
      yield* leave(goes, ids)
      assert.deepStrictEqual(yield* sessions.size, { sessions: 2, parked: 1 })
    })
  )

  it.effect("a good-bye that names what is no list of ids is a mistake, and none", () =>
    Effect.gen(function* () {
      const { sessions } = yield* MemoryWires
      const { parked } = yield* sessions.size
      for (const keep of ["all", 7, [7], { length: 1 }, null]) yield* leave(yield* RpcAlbum(), keep)
      // They are gone without having said so, and may come back.
      assert.strictEqual((yield* sessions.size).parked, parked + 5)
    })
  )
})
