// #region behavior
import { Context, Effect, Layer, Ref } from "effect"
import { Incomplete, NameTaken, NotValid, Registration } from "./Registration.ts"

/** Everyone who is registered, as a program has it in its database. */
class Register extends Context.Service<Register>()("app/Register", {
  make: Effect.gen(function* () {
    const names = yield* Ref.make<ReadonlyArray<string>>(["ada", "grace"])
    const nameOf = (name: string) => name.trim().toLowerCase()
    return {
      has: (name: string) => Effect.map(Ref.get(names), (names) => names.includes(nameOf(name))),
      /** Gives the number of a new entry. */
      add: (name: string) => Ref.modify(names, (names) => [names.length + 1, [...names, nameOf(name)]])
    }
  })
}) {}

const [shortest, longest] = [3, 40]

export const RegistrationLayer = Registration.toLayer(
  Effect.gen(function* () {
    const self = yield* Registration
    const register = yield* Register
    const checkFree = Effect.fnUntraced(function* (name: string) {
      if (yield* register.has(name)) return yield* new NameTaken({ name })
    })
    return Registration.of({
      SetName: Effect.fn("Registration.SetName")(function* ({ name }) {
        const { length } = name.trim()
        if (length < shortest) return yield* new NotValid({ problem: `A name has ${shortest} characters or more.` })
        if (length > longest) return yield* new NotValid({ problem: `A name has ${longest} characters at most.` })
        yield* checkFree(name)
        yield* self.update((form) => ({ ...form, name }))
      }),
      SetEmail: Effect.fn("Registration.SetEmail")(function* ({ email }) {
        if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) {
          return yield* new NotValid({ problem: "That is no address, such as ada@example.org." })
        }
        yield* self.update((form) => ({ ...form, email }))
      }),
      Register: Effect.fn("Registration.Register")(function* () {
        const { email, name } = yield* self.get
        if (name === "") return yield* new Incomplete({ missing: "name" })
        if (email === "") return yield* new Incomplete({ missing: "address" })
        // Somebody may have taken it since.
        yield* checkFree(name)
        const number = yield* register.add(name)
        yield* self.update((form) => ({ ...form, number }))
        return number
      }),
      StartOver: () => Effect.asVoid(self.set({ name: "", email: "", number: null }))
    })
  })
).pipe(Layer.provide(Layer.effect(Register, Register.make)))
// #endregion behavior
