/** What the errors of fibra say: the table is made from the classes that the modules of src export. */
import { assert, describe, it } from "@effect/vitest"
import { errorClasses, type HintedError } from "../../scripts/error-classes.ts"

const classes = await errorClasses()

/** The message without the names and texts that it quotes from its fields. */
const own = (error: HintedError): string => error.message.replace(/: [^.]*\./, ".").replace(/"[^"]*"/g, "")

describe("an error", () => {
  it("the tables have every error class that the modules export", () => {
    const names = classes.map(({ name }) => name)
    for (const name of ["LiveError", "ActorError", "PatchMismatch", "SecretsError", "NotJson", "DirectoryFull"]) {
      assert.include(names, name)
    }
    assert.isAbove(names.length, 40)
  })

  for (const { examples, goesTo, name, why } of classes) {
    for (const { error, fields } of examples) {
      it(`an error says in one short sentence what happened, and has a hint: ${name} ${JSON.stringify(fields)}`, () => {
        const { hint, message } = error
        assert.isAtMost(own(error).length, 120, message)
        for (const text of [message, hint]) {
          assert.match(text, /^[^\n\r]{8,}$/, "is one line")
          assert.match(text, /\.$/, "ends with a full stop")
          assert.notMatch(text, /undefined|NaN|\[object|SchemaError|\.\./)
          // A setting has something that is expected of it; nothing else does.
          if (name !== "LiveConfigError") assert.notInclude(text, "Expected")
        }
        assert.notStrictEqual(hint, message)
        assert.notInclude(message, hint)
      })
    }

    if (examples.length === 0) continue
    it(`an error is described where it is declared: ${name}`, () => {
      assert.match(why, /^[A-Z].{15,}\.$/)
      assert.match(goesTo, /^Goes to .{5,}\.$/)
    })
  }

  it("an error stays on one line of bounded length, whatever texts clients choose", () => {
    const free = ["component", "action", "actor", "tag", "room", "issue", "what", "detail", "unreadable", "type"]
    for (const { examples, name } of classes) {
      for (const { error, fields } of examples) {
        const chosen = free.filter((field) => typeof fields[field] === "string")
        if (chosen.length === 0) continue
        const hostile = Object.fromEntries(chosen.map((field) => [field, `a\nWARN${"b".repeat(100)}`]))
        const make = error.constructor as new (fields: object) => HintedError
        assert.match(new make({ ...fields, ...hostile }).message, /^[^\n\r]{8,600}$/, name)
      }
    }
  })

  it("an error that wraps another has its message and hint", () => {
    const wrappers = classes.filter(({ examples }) => examples.length === 0).map(({ name }) => name)
    assert.deepStrictEqual(wrappers, ["LiveError", "ActorError", "SupervisorError"])
  })
})
