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
  Schema.TaggedStruct("Confirmed", { serial: Serial, isAcknowledged: Schema.Boolean }),
  Schema.TaggedStruct("Spent", { serial: Serial, epoch: Schema.Literals([epoch - 1, epoch]) }),
  Schema.TaggedStruct("Retired", { life: Schema.Literals(["running", "stopped"]) }),
  Schema.TaggedStruct("Stored", { revision: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: maxRevision })) }),
  Schema.TaggedStruct("Discarded", {})
])
type Command = typeof Command.Type

const of = <Tag extends Command["_tag"]>(commands: ReadonlyArray<Command>, tag: Tag) =>
  commands.filter((command): command is Extract<Command, { readonly _tag: Tag }> => command._tag === tag)

/** The numbers of the tokens that were confirmed, or acknowledged, in what happened. */
const confirmedIn = (happened: ReadonlyArray<Command>) => of(happened, "Confirmed").map(({ serial }) => serial)
const acknowledgedIn = (happened: ReadonlyArray<Command>) =>
  confirmedIn(happened.filter((command) => command._tag !== "Confirmed" || command.isAcknowledged))

/** What is to be said of a life in which this has happened. */
const expected = (life: "first" | "later", happened: ReadonlyArray<Command>) => {
  const confirmed = confirmedIn(happened)
  const spending = happened.findLastIndex(({ _tag }) => _tag === "Spent")
  const spent = of(happened, "Spent").at(-1)
  const firstAfter = spent?.epoch === epoch ? spent.serial + 1 : 1
  const inUse = acknowledgedIn(happened).filter((serial) => serial >= firstAfter)
  const isRepeatable = spent !== undefined && inUse.length === 0
  const stored = of(happened, "Stored").map(({ revision }) => revision)
  const known = life === "first" ? [0, ...stored] : stored
  /** What the store was told: what was to be told at each time. */
  const told = happened.flatMap((command, index) => {
    if (command._tag !== "Retired") return []
    const { serial } = expected(life, happened.slice(0, index)).retirement(command.life) ?? {}
    return serial === undefined ? [] : [{ index, serial }]
  })
  return {
    nextSerial: of(happened, "Sealed").length + 1,
    isDue: (revision: number) => of(happened, "Discarded").length === 0 && !known.some((stored) => stored >= revision),
    refusalOf: (token: { readonly epoch: number; readonly serial: number }) => {
      const used = [
        ...acknowledgedIn(happened),
        ...of(happened, "Spent").flatMap((one) => (one.epoch === epoch ? one.serial : []))
      ]
      if (token.epoch === epoch && used.every((serial) => serial <= token.serial)) return undefined
      const isSpent = spent?.epoch === token.epoch && spent.serial === token.serial
      const cameAfter = spent?.epoch === token.epoch && spent.serial < token.serial
      if ((isSpent || cameAfter) && isRepeatable) return undefined
      return isSpent ? "spent" : "stale"
    },
    retirement: (when: "running" | "stopped"): { readonly epoch: number; readonly serial: number } | undefined => {
      if (isRepeatable) return undefined
      const isUseTold = told.some(({ index, serial }) => index > spending && serial >= firstAfter)
      const isNews = spent !== undefined && !isUseTold
      const serial = Math.max(...(when === "stopped" ? confirmed : acknowledgedIn(happened)), 0)
      const isLater = when === "stopped" && serial > 1 && told.every((before) => before.serial < serial)
      return isNews || isLater ? { epoch, serial } : undefined
    }
  }
}

const apply = (checkpoint: Checkpoint, command: Command): void => {
  switch (command._tag) {
    case "Sealed":
      return void assert.strictEqual(checkpoint.sealed(), checkpoint.nextSerial - 1)
    case "Confirmed":
      return checkpoint.confirm(command.serial, command.isAcknowledged)
    case "Spent":
      return checkpoint.spend(command)
    case "Retired": {
      const retirement = checkpoint.retirement(command.life)
      return retirement && checkpoint.retired(retirement.serial)
    }
    case "Stored":
      return checkpoint.stored(command.revision)
    case "Discarded":
      return checkpoint.discard()
  }
}

for (const life of ["first", "later"] as const) {
  it.effect.prop(
    `a checkpoint of a ${life} life is the sum of what happened, in any order`,
    [Schema.Array(Command).check(Schema.isMaxLength(12))],
    ([commands]) =>
      Effect.sync(() => {
        const checkpoint = new Checkpoint(epoch, life)
        for (let count = 0; count <= commands.length; count++) {
          const model = expected(life, commands.slice(0, count))
          assert.strictEqual(checkpoint.nextSerial, model.nextSerial)
          for (const when of ["running", "stopped"] as const) {
            assert.deepStrictEqual(checkpoint.retirement(when), model.retirement(when), when)
          }
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

it("a token that was not kept joins the life that runs, as the last that has arrived, until a later one is in use", () => {
  const checkpoint = new Checkpoint(epoch, "first")
  const token = { epoch, serial: 1 }
  checkpoint.confirm(4, false)
  assert.isUndefined(checkpoint.refusalOf(token))
  assert.deepStrictEqual(checkpoint.positionOf(token), { epoch, serial: 4 })
  checkpoint.spend(token, { epoch, serial: 4 })
  // Its answer was lost, and more has been sent since.
  checkpoint.confirm(5, false)
  assert.isUndefined(checkpoint.refusalOf(token))
  assert.deepStrictEqual(checkpoint.positionOf(token), { epoch, serial: 5 })
  assert.deepStrictEqual(checkpoint.positionOf({ epoch, serial: 4 }), { epoch, serial: 4 })
  checkpoint.spend({ epoch, serial: 5 })
  assert.strictEqual(checkpoint.refusalOf(token), "stale")
})

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
