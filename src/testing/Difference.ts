/** The first place where two JSON values differ, or two outcomes of a message. */
import { isContainer, isList, type Json, type Obj, read } from "../Json.ts"
import type { RecordedOutcome } from "../server/monitor/Recording.ts"

/** Where two values differ; a value is undefined where there is none. */
export interface Difference {
  readonly path: string
  readonly expected: Json | undefined
  readonly got: Json | undefined
}

/** Finds the first difference; undefined when there is none. The order of keys does not count. */
export const find = (path: string, expected: Json | undefined, got: Json | undefined): Difference | undefined => {
  if (expected === got) return undefined
  if (!isContainer(expected) || !isContainer(got) || isList(expected) !== isList(got)) return { path, expected, got }
  if (isList(expected) && isList(got)) {
    for (let index = 0; index < Math.max(expected.length, got.length); index++) {
      const found = find(`${path}[${index}]`, expected[index], got[index])
      if (found !== undefined) return found
    }
    return undefined
  }
  const [before, after] = [expected as Obj, got as Obj]
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const found = find(`${path}.${key}`, read(before, key), read(after, key))
    if (found !== undefined) return found
  }
  return undefined
}

/** Where two outcomes differ; undefined when they do not. */
export const ofOutcomes = (expected: RecordedOutcome, got: RecordedOutcome): Difference | undefined => {
  if (expected._tag !== got._tag) return { path: "outcome", expected: expected._tag, got: got._tag }
  if (expected._tag === "Success" && got._tag === "Success") {
    return find("result", expected.result, got.result)
  }
  if (expected._tag === "Failure" && got._tag === "Failure") return find("error", expected.error, got.error)
  return undefined
}
