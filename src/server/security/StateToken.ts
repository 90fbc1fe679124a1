/**
 * The state of a component as a signed text that its client keeps and brings back. A token says whose state it is, of which
 * component and how old; whoever opens it can rely on every byte of it, and that its principal was not signed out since. It does
 * not know whether it was opened before, whether something newer followed it, or whether what it carries still fits the contract:
 * that is for the one who mounts.
 *
 * ```text
 * v1.<key id>.<s|e>.<payload>.<mac>
 * ```
 *
 * Payload and mac are base64url without padding. The mac is HMAC-SHA-256 of all the text before its dot, and is compared as
 * text: there is one spelling of a token and no other is taken. The payload is JSON as UTF-8; after `e` it is encrypted, and
 * consists of a random nonce of 12 bytes, the AES-256-GCM ciphertext and its tag of 16, authenticated with the header. Random
 * nonces are good for about 2^32 tokens of one secret; past that two tokens may be compared with each other by whoever has
 * both, though not forged.
 *
 * Both kinds are taken whatever `encrypt` says, since both are authentic: turning encryption on or off loses nobody's state.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
// effect/crypto imports an HMAC key anew for each use and has no call outside an Effect; sealing is a hot path of plain code.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { TokenRejected, type TokenRejection } from "../../LiveError.ts"
import type { Json } from "../../Patch.ts"
import { type Key, Secrets } from "./Secrets.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"

/** What is sealed. */
export interface Contents {
  /** Null: nobody in particular. */
  readonly principal: string | null
  readonly component: string
  /** The version of the contract. */
  readonly version: number
  /** The component id. */
  readonly instance: string
  readonly epoch: number
  readonly revision: number
  /** The order of the tokens of one epoch. */
  readonly serial: number
  /** Encoded. */
  readonly props: Json
  /** Encoded. Undefined: the state is only in the store. */
  readonly state: { readonly [field: string]: Json } | undefined
}

/** What a token says. */
export interface Claims extends Contents {
  /** Who may open it. */
  readonly audience: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
}

/** Whose token, and of which component, is to be opened. */
export interface Expected {
  readonly component: string
  readonly principal: string | null
}

/** How tokens are made, and which are taken. */
export interface Options {
  /** Whether clients are kept from reading the state. */
  readonly encrypt: boolean
  /** How long a token is taken. */
  readonly maxAge: Duration.Input
  /** Servers with the same secret and the same audience take each other's tokens. */
  readonly audience: string
  /** Characters of the longest token. */
  readonly maxLength: number
  /** Whether what was sealed for this principal at this time, in milliseconds since the epoch, is not taken any more. */
  readonly isRevoked?: (principal: string, issuedAt: number) => Effect.Effect<boolean, SnapshotStoreError>
}

/** Seals states and opens tokens. */
export class StateToken extends Context.Service<
  StateToken,
  {
    /** Makes a token; undefined when it would be longer than one may be and be refused when it comes back. */
    readonly seal: (contents: Contents) => Effect.Effect<string | undefined>
    /** Makes a token at a time, in milliseconds since the epoch; one that is encrypted whatever the options say, if it has to be. */
    readonly sealUnsafe: (contents: Contents, now: number, encrypt?: boolean) => string | undefined
    /**
     * Checks whatever a client presents as its token, the cheapest things first; nothing in it is read before its signature is.
     * Fails with `SnapshotStoreError` when it cannot be known whether it was revoked.
     */
    readonly open: (token: unknown, expected: Expected) => Effect.Effect<Claims, TokenRejected | SnapshotStoreError>
  }
>()("fibra/server/StateToken") {}

/** Milliseconds by which the clock of another server may be ahead. */
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
    state: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
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
    const header = isSecret ? encrypted : signed
    const { component, epoch, instance, principal, props, revision, serial, state, version } = contents
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
      state
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
    if (claims.principal !== expected.principal) return yield* reject("principal")
    if (claims.component !== expected.component) return yield* reject("component")
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

/** Compares two texts of one length in constant time. */
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
