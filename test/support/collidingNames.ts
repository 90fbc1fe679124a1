/** Different names that all have one hash, as somebody would choose them who wants a table of names to be slow. */
import { Hash } from "effect"

/** What `Hash.string` makes of its state with two more characters, which it reads from the last to the first. */
const step = (state: number, pair: string): number => (((state * 33) ^ pair.charCodeAt(1)) * 33) ^ pair.charCodeAt(0)

/** Two pairs of characters that make the same of this state. */
const twins = (state: number): readonly [one: string, other: string] => {
  const seen = new Map<number, string>()
  for (let first = 33; first < 127; first++) {
    for (let second = 33; second < 127; second++) {
      const pair = String.fromCharCode(first, second)
      const twin = seen.get(step(state, pair))
      if (twin !== undefined) return [twin, pair]
      seen.set(step(state, pair), pair)
    }
  }
  throw new Error("There are no twins")
}

/** So many different names with the same `Hash.string`. */
export const collidingNames = (count: number): ReadonlyArray<string> => {
  let names = [""]
  for (let state = 5381; names.length < count;) {
    const [one, other] = twins(state)
    names = names.flatMap((name) => [one + name, other + name])
    state = step(state, one)
  }
  const hash = Hash.string(names[0] ?? "")
  if (names.some((name) => Hash.string(name) !== hash)) throw new Error("These names have different hashes")
  return names.slice(0, count)
}
