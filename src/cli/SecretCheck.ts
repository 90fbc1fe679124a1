/** Whether the secrets in the environment are such that a server starts with them. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { Finding } from "./Finding.ts"

/** As `Secrets` has it; a test compares them. */
const minLength = 32

const isShort = (secret: string): boolean => secret.trim() !== "" && secret.trim().length < minLength

/** The secrets of the environment. */
export const checkSecrets: Effect.Effect<string, Finding> = Effect.gen(function* () {
  const read = (name: string) => Effect.orElseSucceed(Config.withDefault(Config.String(name), ""), () => "")
  const [secret, previous, mode] = [
    yield* read("FIBRA_SECRET"),
    yield* read("FIBRA_SECRET_PREVIOUS"),
    yield* read("NODE_ENV")
  ]
  const hint =
    "Set FIBRA_SECRET to at least 32 characters without a comma, the same on every server and after a restart."
  if (secret.trim() === "") {
    if (previous.trim() !== "") {
      return yield* new Finding({ message: "FIBRA_SECRET_PREVIOUS is set, and FIBRA_SECRET is not.", hint })
    }
    if (mode !== "production") return "FIBRA_SECRET is not set: what clients carry is worth nothing after a restart"
    return yield* new Finding({ message: "FIBRA_SECRET is not set, and NODE_ENV is production.", hint })
  }
  if (secret.includes(",")) return yield* new Finding({ message: "FIBRA_SECRET has a comma.", hint })
  for (const [name, secrets] of [
    ["FIBRA_SECRET", [secret]],
    ["FIBRA_SECRET_PREVIOUS", previous.split(",")]
  ] as const) {
    if (secrets.some(isShort)) {
      return yield* new Finding({ message: `${name} has a secret of less than ${minLength} characters.`, hint })
    }
  }
  return "FIBRA_SECRET is set"
})
