/** What is kept of one life, against a reference that remembers everything that happened and looks it up. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Checkpoint } from "../../../src/server/instance/Checkpoint.ts"

const epoch = 3
const maxSerial = 5
const maxRevision = 4

const Serial = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: maxSerial }))
const Command = Schema.Union([
  Schema.TaggedStruct("Sealed", {}),
  Schema.TaggedStruct("Confirmed", { serial: Serial }),
  Schema.TaggedStruct("Spent", { serial: Serial, epoch: Schema.Literals([epoch - 1, epoch]) }),
  Schema.TaggedStruct("Stored", { revision: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: maxRevision })) }),
  Schema.TaggedStruct("Discarded", {})
])
type Command = typeof Command.Type

const of = <Tag extends Command["_tag"]>(commands: ReadonlyArray<Command>, tag: Tag) =>
  commands.filter((command): command is Extract<Command, { readonly _tag: Tag }> => command._tag === tag)

/** What is to be said of a life in which this has happened. */
const expected = (life: "first" | "later", happened: ReadonlyArray<Command>) => {
  const confirmed = of(happened, "Confirmed").map(({ serial }) => serial)
  const spent = of(happened, "Spent").at(-1)
  const stored = of(happened, "Stored").map(({ revision }) => revision)
  const known = life === "first" ? [0, ...stored] : stored
  return {
    nextSerial: of(happened, "Sealed").length + 1,
    isDue: (revision: number) => of(happened, "Discarded").length === 0 && !known.some((stored) => stored >= revision),
    refusalOf: (token: { readonly epoch: number; readonly serial: number }) => {
      if (token.epoch === epoch && confirmed.every((serial) => serial <= token.serial)) return undefined
      return spent?.epoch === token.epoch && spent.serial === token.serial ? "spent" : "stale"
    },
    firstGood: confirmed.some((serial) => serial > 1) ? { epoch, serial: Math.max(...confirmed) } : undefined
  }
}

const apply = (checkpoint: Checkpoint, command: Command): void => {
  switch (command._tag) {
    case "Sealed":
      return void assert.strictEqual(checkpoint.sealed(), checkpoint.nextSerial - 1)
    case "Confirmed":
      return checkpoint.confirm(command.serial)
    case "Spent":
      return checkpoint.spend(command)
    case "Stored":
      return checkpoint.stored(command.revision)
    case "Discarded":
      return checkpoint.discard()
  }
}

for (const life of ["first", "later"] as const) {
  it.effect.prop(
    `of a ${life} life says what all that happened amounts to, in whatever order it happened`,
    [Schema.Array(Command).check(Schema.isMaxLength(12))],
    ([commands]) =>
      Effect.sync(() => {
        const checkpoint = new Checkpoint(epoch, life)
        for (let count = 0; count <= commands.length; count++) {
          const model = expected(life, commands.slice(0, count))
          assert.strictEqual(checkpoint.nextSerial, model.nextSerial)
          assert.deepStrictEqual(checkpoint.firstGood, model.firstGood)
          for (let revision = 0; revision <= maxRevision + 1; revision++) {
            assert.strictEqual(checkpoint.isDue(revision), model.isDue(revision), `revision ${revision}`)
          }
          for (const token of [epoch - 1, epoch].flatMap((epoch) =>
            Array.from({ length: maxSerial + 1 }, (_, serial) => ({ epoch, serial }))
          )) {
            assert.strictEqual(checkpoint.refusalOf(token), model.refusalOf(token), JSON.stringify(token))
          }
          const next = commands[count]
          if (next !== undefined) apply(checkpoint, next)
        }
      })
  )
}

it("a write that ends after the life was discarded does not bring it back", () => {
  const checkpoint = new Checkpoint(epoch, "later")
  checkpoint.discard()
  checkpoint.stored(1)
  assert.isFalse(checkpoint.isDue(2))
})

it("a write that ends after a later one takes nothing back", () => {
  const checkpoint = new Checkpoint(epoch, "first")
  checkpoint.stored(5)
  checkpoint.stored(4)
  assert.isFalse(checkpoint.isDue(5))
})
