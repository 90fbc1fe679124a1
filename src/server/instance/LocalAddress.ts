/**
 * The address of a keyed instance in the directory of this process. Clients choose keys. Its hash depends on a secret
 * of the process, so that nobody can choose keys with the same hash and make the directory compare them all.
 */
import { hash, randomBytes } from "node:crypto"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { Holder } from "./InstanceRef.ts"

const secret = randomBytes(16)

/** Four bytes of SHA-256, over UTF-16: in UTF-8 all lone surrogates are the same. */
const keyedHash = (text: string): number =>
  hash("sha256", Buffer.concat([secret, Buffer.from(text, "utf16le")]), "buffer").readInt32LE(0)

/** Equal to another address with the same component and key. The props and who asks do not count. */
export class LocalAddress implements Equal.Equal {
  readonly definition: ComponentDefinition
  readonly key: string
  readonly props: unknown
  readonly holder: Holder | undefined
  readonly #hash: number

  constructor(definition: ComponentDefinition, key: string, props: unknown, holder?: Holder) {
    this.definition = definition
    this.key = key
    this.props = props
    this.holder = holder
    this.#hash = keyedHash(`${definition.component.componentName}\0${key}`)
  }

  [Hash.symbol](): number {
    return this.#hash
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof LocalAddress && that.key === this.key && that.definition === this.definition
  }
}
