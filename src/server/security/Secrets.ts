/**
 * The keys of a server, derived from its secrets: the newest signs and encrypts, all of them verify and decrypt, so a
 * secret can be replaced without refusing existing tokens. Secrets themselves are not kept: what stays in memory are
 * key objects that neither inspection nor JSON nor a log can read.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto"
import * as Log from "../../Log.ts"
import { withoutStack } from "../StartError.ts"

/** The keys derived from one secret; none of them reveals another one or the secret. */
export interface Key {
  /** The public name of the key: 8 characters of base64url. */
  readonly id: string
  /** For HMAC-SHA-256, 32 bytes. */
  readonly mac: KeyObject
  /** For AES-256, 32 bytes. */
  readonly encryption: KeyObject
}

/** The keys of a server. */
export class Secrets extends Context.Service<
  Secrets,
  {
    /** Newest first. */
    readonly keys: NonEmptyReadonlyArray<Key>
  }
>()("fibra/server/Secrets") {}

const minLength = 32
const recipe = "`node -e \"console.log(require('crypto').randomBytes(32).toString('base64url'))\"`"

const texts = {
  missing: [
    "is not set. In production a server signs with it the state that clients keep.",
    `Run ${recipe}, and set it, the same on every server, to what that prints.`
  ],
  previousAlone: ["is set and FIBRA_SECRET is not.", "Set FIBRA_SECRET as well, or remove both."],
  tooShort: [
    `contains a secret of less than ${minLength} characters.`,
    `Run ${recipe}, and replace the secret by what that prints.`
  ],
  comma: [
    "contains a comma, which separates the secrets in FIBRA_SECRET_PREVIOUS.",
    `Run ${recipe}, and replace the secret by what that prints.`
  ]
} as const

/**
 * The secrets of a server cannot be used as they are set.
 *
 * Goes to the program that starts the server, and to its log.
 */
export class SecretsError extends Schema.TaggedError<SecretsError>()("SecretsError", {
  reason: Schema.Literals(["missing", "previousAlone", "tooShort", "comma"]),
  /** Where the secret comes from: a variable, or `Secrets.layer`. */
  source: Schema.Literals(["FIBRA_SECRET", "FIBRA_SECRET_PREVIOUS", "Secrets.layer"])
}) {
  override get message(): string {
    return `${this.source} ${texts[this.reason][0]}`
  }

  get hint(): string {
    return texts[this.reason][1]
  }
}

/** The keys of these secrets, newest first, each of at least 32 characters. */
export const layer = (secrets: NonEmptyReadonlyArray<Redacted.Redacted | string>): Layer.Layer<Secrets, SecretsError> =>
  Layer.effect(
    Secrets,
    Effect.suspend(() => {
      const [newest, ...older] = secrets
      return make("Secrets.layer", reveal(newest), "Secrets.layer", older.map(reveal))
    })
  )

/** A random secret for each build: nothing that is signed outlives the process. For tests. */
export const layerRandom: Layer.Layer<Secrets> = Layer.sync(Secrets, () => Secrets.of({ keys: [randomKey()] }))

/**
 * Reads `FIBRA_SECRET`, and older secrets from `FIBRA_SECRET_PREVIOUS`, separated by commas; white space around a
 * secret is ignored. Without a secret it fails when `NODE_ENV` is `production`, and otherwise uses a random one and
 * warns.
 */
export const layerConfig: Layer.Layer<Secrets, SecretsError | Config.ConfigError> = Layer.effect(
  Secrets,
  Effect.gen(function* () {
    const newest = yield* secretText("FIBRA_SECRET")
    const older = (yield* secretText("FIBRA_SECRET_PREVIOUS"))
      .split(",")
      .map((secret) => secret.trim())
      .filter((secret) => secret !== "")
    if (newest !== "") {
      if (newest.includes(",")) return yield* new SecretsError({ reason: "comma", source: "FIBRA_SECRET" })
      return yield* make("FIBRA_SECRET", newest, "FIBRA_SECRET_PREVIOUS", older)
    }
    if (older.length > 0) {
      return yield* new SecretsError({ reason: "previousAlone", source: "FIBRA_SECRET_PREVIOUS" })
    }
    if ((yield* nodeEnv) === "production") {
      return yield* new SecretsError({ reason: "missing", source: "FIBRA_SECRET" })
    }
    yield* Log.warning(
      "FIBRA_SECRET is not set, and a random secret takes its place: the state that clients keep is lost after a restart and on " +
        `other servers. Run ${recipe}, and set it, the same on every server, to what that prints.`
    )
    return Secrets.of({ keys: [randomKey()] })
  }).pipe(Effect.mapError((error) => (error instanceof SecretsError ? withoutStack(error) : error)))
)

const nodeEnv = Config.String("NODE_ENV").pipe(Config.withDefault(undefined))

/** The value of a variable, empty when it is not set. */
const secretText = (name: SecretsError["source"]): Config.Config<string> =>
  Config.Redacted(name).pipe(
    Config.map((secret) => Redacted.value(secret).trim()),
    Config.withDefault("")
  )

const reveal = (secret: Redacted.Redacted | string): string =>
  typeof secret === "string" ? secret : Redacted.value(secret)

const make = Effect.fnUntraced(function* (
  source: SecretsError["source"],
  newest: string,
  sourceOfOlder: SecretsError["source"],
  older: ReadonlyArray<string>
) {
  if (newest.length < minLength) return yield* new SecretsError({ reason: "tooShort", source })
  if (older.some((secret) => secret.length < minLength)) {
    return yield* new SecretsError({ reason: "tooShort", source: sourceOfOlder })
  }
  return Secrets.of({ keys: [makeKey(newest), ...older.map(makeKey)] })
})

const randomKey = (): Key => makeKey(randomBytes(32).toString("base64url"))

// Changing any of these texts or lengths changes every key, and every existing token is refused.
const makeKey = (secret: string): Key => ({
  id: derive(secret, "key id", 6).toString("base64url"),
  mac: createSecretKey(derive(secret, "mac", 32)),
  encryption: createSecretKey(derive(secret, "encryption", 32))
})

const derive = (secret: string, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "fibra/server/Secrets", purpose, bytes))
