/** Who was signed out is remembered for as long as something that was sealed for them before could be brought, and no longer. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { layer as revocations, Revocations } from "../../../src/server/security/Revocations.ts"
import { maxSkew } from "../../../src/server/security/StateToken.ts"

const memory = Duration.sum(defaults.tokenAge, Duration.millis(2 * maxSkew))

it.effect("a server forgets who was signed out so long ago that no token of theirs is taken any more", () =>
  Effect.gen(function* () {
    const { hasLeftUnsafe, revoke } = yield* Revocations
    /** Whether it is known of them at all. */
    const known = () => ["ada", "bob", "eve"].filter((principal) => hasLeftUnsafe(principal, 0))
    yield* revoke("ada")
    yield* revoke("bob")
    yield* TestClock.adjust("1 minute")
    // Again: this is the time that counts.
    yield* revoke("ada")
    yield* TestClock.adjust(Duration.subtract(memory, Duration.minutes(1)))
    yield* revoke("eve")
    assert.deepStrictEqual(known(), ["ada", "bob", "eve"])
    yield* TestClock.adjust("1 millis")
    yield* revoke("eve")
    assert.deepStrictEqual(known(), ["ada", "eve"])
    yield* TestClock.adjust(memory)
    yield* TestClock.adjust("1 millis")
    yield* revoke("bob")
    assert.deepStrictEqual(known(), ["bob"])
  }).pipe(Effect.provide(revocations.pipe(Layer.provide(SnapshotStore.layerMemory))))
)
