/**
 * State tokens: the state of a component as a signed text, which its client keeps and sends back. A token says whose
 * state it is, of which component and how old. When it opens, every byte of it is authentic and its principal was not
 * signed out since. Whether it was opened before, whether a newer one exists and whether its state still fits the
 * contract is checked by the caller.
 *
 * ```text
 * v1.<key id>.<s|e>.<payload>.<mac>
 * ```
 *
 * Payload and mac are base64url without padding. The mac is HMAC-SHA-256 of all the text before its dot, and is
 * compared as text, so a token has exactly one spelling. The payload is JSON in UTF-8. After `e` it is encrypted: a
 * random nonce of 12 bytes, the AES-256-GCM ciphertext and its tag of 16 bytes, authenticated together with the header.
 * Random nonces are safe for about 2^32 tokens of one secret; beyond that, two tokens with the same nonce can be
 * compared by somebody who has both, but not forged.
 *
 * Both kinds are accepted whatever `encrypt` says, because both are authentic: turning encryption on or off loses no
 * state.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
// Not effect/crypto: it imports the HMAC key for each use and works in an Effect only, and sealing is on the hot path.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { TokenRejected, type TokenRejection } from "../../LiveError.ts"
import type { Json } from "../../Patch.ts"
import { type Key, Secrets } from "./Secrets.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"

/** What a token carries. */
export interface Contents {
  /** Null for an anonymous client. */
  readonly principal: string | null
  readonly component: string
  /** The version of the contract. */
  readonly version: number
  /** The component id. */
  readonly instance: string
  readonly epoch: number
  readonly revision: number
  /** Orders the tokens of one epoch. */
  readonly serial: number
  /** Encoded. */
  readonly props: Json
  /** Encoded. Undefined when the state is only in the store. */
  readonly state: { readonly [field: string]: Json } | undefined
  /** The presence metadata that was tracked, encoded. */
  readonly presence?: Json | undefined
  /** The key of a shared instance, of whose state a token has nothing: only what was tracked of one client. */
  readonly key?: string | undefined
}

/** The contents of a token that was opened. */
export interface Claims extends Contents {
  /** The servers that accept it. */
  readonly audience: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
}

/** The component and the principal that a token has to belong to. */
export interface Expected {
  readonly component: string
  readonly principal: string | null
  /** Undefined for the state of a private instance. */
  readonly key?: string
  /** Whether this principal may have what belongs to an anonymous client. */
  readonly adopts?: boolean
}

/** How tokens are made, and which are accepted. */
export interface Options {
  /** Whether clients must not be able to read the state. */
  readonly encrypt: boolean
  /** How long a token is valid. */
  readonly maxAge: Duration.Input
  /** Servers with the same secret and the same audience accept each other's tokens. */
  readonly audience: string
  /** Characters of the longest token. */
  readonly maxLength: number
  /** Whether tokens sealed for this principal at this time (milliseconds since the epoch) are refused. */
  readonly isRevoked?: (principal: string, issuedAt: number) => Effect.Effect<boolean, SnapshotStoreError>
  /** Called with the time of each token that is sealed, in milliseconds since the epoch. */
  readonly sealed?: (issuedAt: number) => void
}

/** Seals states and opens tokens. */
export class StateToken extends Context.Service<
  StateToken,
  {
    /** Makes a token; undefined when it would be longer than `maxLength`, and refused later. */
    readonly seal: (contents: Contents) => Effect.Effect<string | undefined>
    /** The same at a given time (milliseconds since the epoch). `encrypt` encrypts it whatever the options say. */
    readonly sealUnsafe: (contents: Contents, now: number, encrypt?: boolean) => string | undefined
    /**
     * Verifies any input from a client, the cheapest checks first; no content is read before the signature is verified.
     * Fails with `SnapshotStoreError` when the store cannot tell whether it was revoked.
     */
    readonly open: (token: unknown, expected: Expected) => Effect.Effect<Claims, TokenRejected | SnapshotStoreError>
  }
>()("fibra/server/StateToken") {}

/** Milliseconds that the clock of another server may be ahead. */
export const maxSkew = 60_000
const macLength = 43
const nonceLength = 12
const tagLength = 16

const form = /^(v1\.([\w-]{8})\.([se])\.)([\w-]+)\.([\w-]{43})$/

const Payload = Schema.fromJsonString(
  Schema.Struct({
    audience: Schema.String,
    principal: Schema.NullOr(Schema.String),
    component: Schema.String,
    version: Schema.Int,
    instance: Schema.String,
    epoch: Schema.Int,
    revision: Schema.Int,
    serial: Schema.Int,
    issuedAt: Schema.Int,
    props: Schema.Json,
    state: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
    presence: Schema.optionalKey(Schema.Json),
    key: Schema.optionalKey(Schema.String)
  })
)
const decodePayload = Schema.decodeUnknownOption(Payload)

/** Seals with the newest secret, opens with all of them. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { audience, encrypt, isRevoked, maxLength } = options
  const maxAge = Duration.toMillis(options.maxAge)
  const { keys } = yield* Secrets
  const [newest] = keys
  const keyOf = new Map(keys.map((key) => [key.id, key]))
  const headerOf = (isEncrypted: boolean) => `v1.${newest.id}.${isEncrypted ? "e" : "s"}.`
  const [signed, encrypted] = [headerOf(false), headerOf(true)]

  const sealUnsafe = (contents: Contents, now: number, isSecret = encrypt): string | undefined => {
    options.sealed?.(now)
    const header = isSecret ? encrypted : signed
    const { component, epoch, instance, key, presence, principal, props, revision, serial, state, version } = contents
    const claims: Claims = {
      audience,
      principal,
      component,
      version,
      instance,
      epoch,
      revision,
      serial,
      issuedAt: now,
      props,
      state,
      presence,
      key
    }
    const json = JSON.stringify(claims)
    const payload = isSecret ? encryptText(newest, header, json) : Buffer.from(json)
    const text = header + payload.toString("base64url")
    return text.length + 1 + macLength > maxLength ? undefined : `${text}.${macOf(newest, text)}`
  }

  const open = Effect.fnUntraced(function* (token: unknown, expected: Expected) {
    if (typeof token !== "string" || token.length > maxLength) return yield* reject("malformed")
    const parts = form.exec(token)
    if (parts === null) return yield* reject("malformed")
    const [, header = "", keyId = "", flag, payload = "", mac = ""] = parts
    const key = keyOf.get(keyId)
    if (key === undefined) return yield* reject("key")
    if (!isSame(macOf(key, header + payload), mac)) return yield* reject("signature")
    const bytes = Buffer.from(payload, "base64url")
    const json = flag === "e" ? decryptText(key, header, bytes) : Option.some(bytes.toString())
    if (Option.isNone(json)) return yield* reject("signature")
    const decoded = decodePayload(json.value)
    if (Option.isNone(decoded)) return yield* reject("malformed")
    const claims: Claims = { ...decoded.value, state: decoded.value.state }
    const now = yield* Clock.currentTimeMillis
    if (claims.issuedAt + maxAge < now || claims.issuedAt > now + maxSkew) return yield* reject("expired")
    if (claims.audience !== audience) return yield* reject("audience")
    const isAdopted = expected.adopts === true && claims.principal === null
    if (claims.principal !== expected.principal && !isAdopted) return yield* reject("principal")
    if (claims.component !== expected.component || claims.key !== expected.key) return yield* reject("component")
    const isOut =
      isRevoked !== undefined && claims.principal !== null && (yield* isRevoked(claims.principal, claims.issuedAt))
    return isOut ? yield* reject("revoked") : claims
  })

  return StateToken.of({
    seal: (contents) => Effect.map(Clock.currentTimeMillis, (now) => sealUnsafe(contents, now)),
    sealUnsafe,
    open
  })
})

/** Seals and opens with the server's secrets. */
export const layer = (options: Options): Layer.Layer<StateToken, never, Secrets> =>
  Layer.effect(StateToken, make(options))

const reject = (reason: TokenRejection): Effect.Effect<never, TokenRejected> =>
  Effect.fail(new TokenRejected({ reason }))

const macOf = (key: Key, text: string): string => createHmac("sha256", key.mac).update(text).digest("base64url")

/** Compares two texts of equal length in constant time. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b))

const encryptText = (key: Key, header: string, text: string): Buffer => {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv("aes-256-gcm", key.encryption, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(header))
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()])
}

const decryptText = Option.liftThrowable((key: Key, header: string, bytes: Buffer): string => {
  const nonce = bytes.subarray(0, nonceLength)
  const decipher = createDecipheriv("aes-256-gcm", key.encryption, nonce, { authTagLength: tagLength })
  decipher.setAAD(Buffer.from(header))
  decipher.setAuthTag(bytes.subarray(Math.max(nonceLength, bytes.length - tagLength)))
  return decipher.update(bytes.subarray(nonceLength, -tagLength), undefined, "utf8") + decipher.final("utf8")
})
