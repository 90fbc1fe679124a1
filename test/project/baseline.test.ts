/** What a browser has to have for the client: Safari 16, Chrome 109, Firefox 115, React Native. */
import { globSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { client, settle, soon } from "../support/ScriptedSockets.ts"
import * as ReplicaOpener from "../../src/client/ReplicaOpener.ts"
import { Lab } from "../support/Lab.ts"

/** What came later, where it is found. */
const later: ReadonlyArray<readonly [owner: object, names: ReadonlyArray<string>]> = [
  [Array.prototype, ["toSorted", "toReversed", "toSpliced", "with"]],
  [Array, ["fromAsync"]],
  [String.prototype, ["isWellFormed", "toWellFormed"]],
  [Object, ["groupBy"]],
  [Map, ["groupBy"]],
  [Promise, ["withResolvers", "try"]],
  [Set.prototype, ["union", "intersection", "difference", "isSubsetOf", "isSupersetOf", "isDisjointFrom"]],
  [Object.getPrototypeOf(Object.getPrototypeOf([].values())), ["map", "filter", "take", "drop", "flatMap", "toArray"]],
  [URL, ["canParse", "parse"]],
  [AbortSignal, ["any"]]
]

const spelt =
  /\.(toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|canParse|groupBy|fromAsync|withResolvers)\b|\bURL\.parse\b|AbortSignal\.any|\(\?<[=!]|\bstructuredClone\b/

describe("an older browser", () => {
  it("an older browser has everything that is named in what it is sent", () => {
    const files = globSync([
      "src/*.ts",
      "src/client/*.ts",
      "src/{store,vue,svelte,script}/*.ts",
      "src/react/*.{ts,tsx}"
    ])
    assert.isAbove(files.length, 60)
    for (const file of files) {
      const code = readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "")
      assert.notMatch(code, spelt, file)
    }
  })

  it("an older browser learns from the entry that it is for browsers", () => {
    assert.match(readFileSync("src/react/index.ts", "utf8"), /^"use client"\n/)
  })

  it.effect("an older browser connects, loses its connection, keeps calls in order, and comes back", () =>
    Effect.gen(function* () {
      const kept = later.flatMap(([owner, names]) =>
        names.flatMap((name) => {
          const found = Object.getOwnPropertyDescriptor(owner, name)
          return found === undefined ? [] : [{ owner, name, found }]
        })
      )
      yield* Effect.acquireRelease(
        Effect.sync(() => kept.forEach(({ name, owner }) => Reflect.deleteProperty(owner, name))),
        () => Effect.sync(() => kept.forEach(({ found, name, owner }) => Object.defineProperty(owner, name, found)))
      )
      const { live, made } = yield* client({ url: "ws://live.test/rpc", token: "t", probe: false }, (socket) =>
        soon(() => socket.accept())
      )
      yield* settle
      const lab = ReplicaOpener.of(live)(Lab, { props: { start: 1 } })
      for (const by of [1, 2]) yield* Effect.forkChild(lab.call("Add", { by }), { startImmediately: true })
      yield* settle
      made[0]?.end(1006)
      yield* settle
      assert.strictEqual((yield* live.connection).status, "connected")
      assert.include(made[1]?.sent.join() ?? "", '"tag":"Mount"')
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
