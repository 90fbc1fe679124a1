/** One change of an encoded state, and what kind of change it is. */
import * as Patch from "../../Patch.ts"
import type { Json } from "../../Json.ts"
import type { Encoded } from "../../StateCodec.ts"

/** A change as a wire tells it. */
export interface Told {
  readonly patch: Patch.Patch
}

/** A plain change, whose patch is made when somebody asks: wires that send whole states do not. */
export class PlainChange implements Told {
  readonly #before: Encoded
  readonly #after: Encoded
  #patch: Patch.Patch | undefined = undefined

  constructor(before: Encoded, after: Encoded) {
    this.#before = before
    this.#after = after
  }

  get patch(): Patch.Patch {
    return (this.#patch ??= plainPatch(this.#before, this.#after))
  }
}

const plainPatch = (before: Encoded, after: Encoded): Patch.Patch => {
  const patch: Array<Patch.Op> = []
  for (const name in after) {
    const value = after[name] as Json
    if (value === before[name]) continue
    // Of a text, what follows may be enough.
    if (typeof value === "string") return Patch.diff(before, after)
    patch.push(["set", [name], value])
  }
  return patch
}

/**
 * What has changed between two states: nothing, numbers, texts and the like in fields that both have, or more. The first
 * two are known without a patch, and what is plain has a text in JSON.
 */
export const kindOf = (before: Encoded, after: Encoded): "none" | "plain" | "other" => {
  let kind: "none" | "plain" = "none"
  let fields = 0
  for (const name in after) {
    fields++
    const [from, to] = [before[name], after[name]]
    if (from === to) continue
    if (!isPlain(to) || !isPlain(from)) return "other"
    kind = "plain"
  }
  for (const _ in before) fields--
  return fields === 0 ? kind : "other"
}

const isPlain = (value: Json | undefined): boolean =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null
