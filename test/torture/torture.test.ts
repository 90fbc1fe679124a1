/** A few nights of `npm run torture`, always the same ones; and that it finds what it is there to find. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyWith, root, run } from "../support/workspace.ts"

const torture = (cwd: string, ...args: ReadonlyArray<string>) =>
  run(cwd, "tsx", ["torture/main.ts", "--minutes", "5", ...args])

/** A file of the source with one of its lines broken. */
const broken = (path: string, line: string, by: string) => {
  const source = readFileSync(join(root, path), "utf8")
  assert.include(source, line, `${path} has changed: plant the fault anew`)
  return { [path]: source.replace(line, by) }
}

const planted = [
  {
    what: "a call that is sent again runs again",
    files: () =>
      broken("src/server/session/ReplyCache.ts", "if (known !== undefined) {", 'if (known?.what === "nothing") {'),
    says: "ran 2 times"
  },
  {
    what: "a client is not told of some changes",
    files: () =>
      broken(
        "src/server/sync/StateCursor.ts",
        "    if (this.behind) return\n",
        "    if (this.behind || this.source.revision % 5 === 2) return\n"
      ),
    says: "where the server has"
  }
] as const

describe("npm run torture", () => {
  it.live(
    "violates nothing in fifteen nights",
    () =>
      Effect.gen(function* () {
        const { ok, output } = yield* torture(root, "--seed", "1", "--nights", "15")
        assert.isTrue(ok, output)
        assert.include(output, "15 nights of 60 steps, seeds 1 to 15: 0 violations.")
      }),
    300_000
  )

  for (const { files, says, what } of planted) {
    it.live(
      `finds it when ${what}`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* copyWith(files())
          const { ok, output } = yield* torture(
            cwd,
            "--seed",
            "1",
            "--nights",
            "60",
            "--violations",
            "1",
            "--shrink",
            "0"
          )
          assert.isFalse(ok, output)
          assert.include(output, says)
        }),
      300_000
    )
  }
})
