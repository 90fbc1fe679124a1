/** Finding an instance by its key costs the same whatever the keys are called. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Exit, Hash, MutableHashMap, Scope } from "effect"
import { Directory } from "fibra/actor"
import type { ComponentDefinition } from "../../../src/server/instance/ComponentDefinition.ts"
import { LocalAddress } from "../../../src/server/instance/LocalAddress.ts"
import { collidingNames } from "../../support/collidingNames.ts"

const definition = { component: { componentName: "Board" } } as ComponentDefinition
const count = 8192

/** An address that counts how often it is compared with another one. */
class CountedAddress extends LocalAddress {
  static comparisons = 0

  override [Equal.symbol](that: Equal.Equal): boolean {
    CountedAddress.comparisons++
    return super[Equal.symbol](that)
  }
}

/** How many comparisons it takes to put so many instances into a table, and to find each again. */
const comparisonsFor = (keys: ReadonlyArray<string>): number => {
  CountedAddress.comparisons = 0
  const table = MutableHashMap.empty<LocalAddress, string>()
  for (const key of keys) MutableHashMap.set(table, new CountedAddress(definition, key, {}), key)
  for (const key of keys) {
    const found = MutableHashMap.get(table, new CountedAddress(definition, key, {}))
    if (found._tag === "None" || found.value !== key) throw new Error(`"${key}" is not found`)
  }
  assert.strictEqual(MutableHashMap.size(table), keys.length)
  return CountedAddress.comparisons
}

/** Different texts of which UTF-8 makes one and the same. */
const loneSurrogates = Array.from({ length: count }, (_, index) =>
  String.fromCharCode(0xd800 + (index % 1024), 0xd800 + Math.floor(index / 1024))
)

describe("the address of a keyed instance", () => {
  for (const [what, keys] of Object.entries({
    "made up by people": Array.from({ length: count }, (_, index) => `room ${index}`),
    "chosen to have one hash": collidingNames(count),
    "chosen to be one text in UTF-8": loneSurrogates
  })) {
    it(`the address of a keyed instance is found with about one comparison among ${count} keys ${what}`, () => {
      assert.strictEqual(new Set(keys).size, count)
      // One for each that is found again, and a few more for hashes that are the same by chance.
      assert.isAtMost(comparisonsFor(keys), count + 100)
    })
  }

  it("the address of a keyed instance has another hash in each process, and the same one for the same key", () => {
    const of = (key: string) => Hash.hash(new LocalAddress(definition, key, {}))
    assert.strictEqual(of("a"), of("a"))
    assert.notStrictEqual(of("a"), Hash.string("a"))
    assert.isTrue(Equal.equals(new LocalAddress(definition, "a", 1), new LocalAddress(definition, "a", 2)))
    assert.isFalse(Equal.equals(new LocalAddress(definition, "a", 1), new LocalAddress(definition, "b", 1)))
  })

  it.effect("a directory finds one instance for each key", () =>
    Effect.gen(function* () {
      const activated: Array<string> = []
      const directory = yield* Directory.make({
        activate: ({ key }: LocalAddress) => Effect.sync(() => ({ ref: activated.push(key), watch: Effect.never }))
      })
      const scope = yield* Scope.make()
      const keys = collidingNames(64)
      for (const key of [...keys, ...keys]) {
        yield* Scope.provide(directory.get(new LocalAddress(definition, key, {})), scope)
      }
      assert.deepStrictEqual(activated, keys)
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.scoped)
  )
})
