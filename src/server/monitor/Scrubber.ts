/**
 * Takes secrets out of texts that no schema describes, such as the message of an error: what a schema marks as secret is
 * looked for in them. Values of fewer than four characters are not, since they would be found everywhere.
 */
import { isContainer, isList, type Json, write } from "../../Json.ts"
import { placeholder } from "../../Redaction.ts"
import type { JsonPart } from "./ContractJson.ts"

const shortest = 4

/** The secrets of some values. */
export class Scrubber {
  readonly #secrets = new Set<string>()

  /** Looks for the secrets in a value of this schema. */
  learn(part: JsonPart | undefined, value: Json | undefined): void {
    if (part === undefined || value === undefined) return
    part.redaction.replace(value, "", (secret) => {
      this.#add(secret)
      return secret
    })
  }

  /** The text without them. */
  text(text: string): string {
    let scrubbed = text
    // A secret may be a part of another.
    for (const secret of Array.from(this.#secrets).sort((a, b) => b.length - a.length)) {
      scrubbed = without(scrubbed, secret)
    }
    return scrubbed
  }

  /** The value without them. */
  json(value: Json): Json {
    if (typeof value === "string") return this.text(value)
    if (!isContainer(value)) return value
    if (isList(value)) return value.map((item) => this.json(item))
    const object: Record<string, Json | undefined> = {}
    for (const [key, field] of Object.entries(value)) if (field !== undefined) write(object, key, this.json(field))
    return object
  }

  #add(secret: Json): void {
    if (isContainer(secret))
      return Object.values(secret).forEach((part) => part !== undefined && this.#add(part as Json))
    const text = String(secret)
    if (text.length >= shortest && typeof secret !== "boolean") this.#secrets.add(text)
  }
}

/** Characters of a secret that are enough to recognise it: long texts may have been cut. */
const enough = 32

const without = (text: string, secret: string): string => {
  const head = secret.slice(0, enough)
  let result = ""
  let end = 0
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, end)) {
    result += text.slice(end, at) + placeholder
    end = at + head.length
    while (end < text.length && end - at < secret.length && text[end] === secret[end - at]) end++
  }
  return result + text.slice(end)
}
