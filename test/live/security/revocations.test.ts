/** Who was signed out is remembered for as long as something that was sealed for them before could be brought, and no longer. */
import { assert, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import * as Monotonic from "../../../src/actor/Monotonic.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { layer as revocations, Revocations } from "../../../src/server/security/Revocations.ts"
import { maxSkew } from "../../../src/server/security/StateToken.ts"
import * as Clocks from "../../support/Clocks.ts"

const memory = Duration.sum(defaults.tokenAge, Duration.millis(2 * maxSkew))

const served = revocations.pipe(Layer.provide(SnapshotStore.layerMemory))

it.effect("a clock that is set back lets nobody in who is being authenticated and signed out meanwhile", () =>
  Effect.gen(function* () {
    const clocks = yield* Clocks.apart
    const { hasLeftUnsafe, revoke } = yield* Revocations
    yield* TestClock.adjust("1 hour")
    const since = yield* Monotonic.millis
    clocks.setWall(-60_000)
    yield* revoke("ada")
    assert.isTrue(hasLeftUnsafe("ada", since))
    yield* TestClock.adjust("1 millis")
    assert.isFalse(hasLeftUnsafe("ada", yield* Monotonic.millis))
  }).pipe(Effect.provide(served))
)

it.effect(
  "a clock that is set back leaves no token valid of somebody who is signed out, here and on other servers",
  () =>
    Effect.gen(function* () {
      const clocks = yield* Clocks.apart
      const [here, there] = [
        Context.get(yield* Layer.build(Layer.fresh(revocations)), Revocations),
        Context.get(yield* Layer.build(Layer.fresh(revocations)), Revocations)
      ]
      yield* TestClock.adjust("1 hour")
      const issuedAt = yield* Clock.currentTimeMillis
      here.sealedUnsafe(issuedAt)
      clocks.setWall(-60_000)
      yield* here.revoke("ada")
      assert.isTrue(yield* here.isRevoked("ada", issuedAt))
      assert.isTrue(yield* there.isRevoked("ada", issuedAt))
      // And once more: the later sign-out counts.
      clocks.setWall(-60_000)
      yield* here.revoke("ada")
      assert.isTrue(yield* there.isRevoked("ada", issuedAt))
      assert.isFalse(yield* there.isRevoked("ada", issuedAt + 1))
    }).pipe(Effect.scoped, Effect.provide(SnapshotStore.layerMemory))
)

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
  }).pipe(Effect.provide(served))
)
