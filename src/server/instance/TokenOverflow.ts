/** Warns of what does not fit into a token: once for each component. */
import * as Effect from "effect/Effect"
import * as Log from "../../Log.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"

/** What was too large for a token. */
export class TokenOverflow {
  readonly #text: string
  readonly #told = new Set<ComponentDefinition>()

  /** What is lost by it, and what helps. */
  constructor(text: string) {
    this.#text = text
  }

  /** It was too large for a token of this component. */
  warn(definition: ComponentDefinition): Effect.Effect<void> {
    if (this.#told.has(definition)) return Effect.void
    this.#told.add(definition)
    return Log.warning(this.#text, { component: definition.component.componentName })
  }
}

/** Of presence metadata. */
export const ofPresence =
  "What was tracked of a client is larger than maxTokenLength allows, and will not outlive its session. " +
  "Make it smaller, or raise maxTokenLength."
