/** Something that must never happen has happened. */
export class Violation extends Error {
  override readonly name = "Violation"
}

/** Fails unless it holds. */
export function holds(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Violation(what())
}
