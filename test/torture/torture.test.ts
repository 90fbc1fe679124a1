/** A few nights of `npm run torture`, always the same ones; and that it finds what it is there to find. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Fault } from "../support/plantedFault.ts"
import { root, run } from "../support/workspace.ts"

const torture = (args: ReadonlyArray<string>, fault?: Fault) =>
  run(
    root,
    "node",
    [
      ...(fault === undefined ? [] : ["--import", new URL("../support/plantedFault.ts", import.meta.url).href]),
      "torture/main.ts",
      "--minutes",
      "5",
      ...args
    ],
    fault === undefined ? {} : { PLANTED_FAULT: JSON.stringify(fault) }
  )

const planted = [
  {
    what: "a call that is sent again runs again",
    fault: {
      path: "src/server/session/ReplyCache.ts",
      line: "if (known !== undefined) {",
      by: 'if (known?.what === "nothing") {'
    },
    says: "ran 2 times"
  },
  {
    what: "a client is not told of some changes",
    fault: {
      path: "src/server/sync/StateCursor.ts",
      line: "    if (this.behind) return\n",
      by: "    if (this.behind || this.source.revision % 5 === 2) return\n"
    },
    says: "where the server has"
  }
] as const

describe("npm run torture", () => {
  it.live(
    "violates nothing in fifteen nights",
    () =>
      Effect.gen(function* () {
        const { ok, output } = yield* torture(["--seed", "1", "--nights", "15"])
        assert.isTrue(ok, output)
        assert.include(output, "15 nights of 60 steps, seeds 1 to 15: 0 violations.")
      }),
    300_000
  )

  for (const { fault, says, what } of planted) {
    it.live(
      `finds it when ${what}`,
      () =>
        Effect.gen(function* () {
          const args = ["--seed", "1", "--nights", "60", "--violations", "1", "--shrink", "0"]
          const { ok, output } = yield* torture(args, fault)
          assert.isFalse(ok, output)
          assert.include(output, says)
        }),
      300_000
    )
  }
})
