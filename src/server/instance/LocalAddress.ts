/**
 * Where a keyed instance is found. Clients choose keys, so the hash of an address depends on a secret of this process: nobody can
 * choose keys that share one, and have the directory compare them all.
 */
import { hash, randomBytes } from "node:crypto"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import type { ComponentDefinition } from "./ComponentDefinition.ts"

const secret = randomBytes(16)

/** Four bytes of SHA-256. Of UTF-16: in UTF-8, all lone surrogates would be the same. */
const keyedHash = (text: string): number =>
  hash("sha256", Buffer.concat([secret, Buffer.from(text, "utf16le")]), "buffer").readInt32LE(0)

/** An address that is equal to others of the same component and key: props are for the first activation, and not part of it. */
export class LocalAddress implements Equal.Equal {
  readonly definition: ComponentDefinition
  readonly key: string
  readonly props: unknown
  readonly #hash: number

  constructor(definition: ComponentDefinition, key: string, props: unknown) {
    this.definition = definition
    this.key = key
    this.props = props
    this.#hash = keyedHash(`${definition.component.componentName}\0${key}`)
  }

  [Hash.symbol](): number {
    return this.#hash
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof LocalAddress && that.key === this.key && that.definition === this.definition
  }
}
