/** Reads a CPU profile: which functions the time was spent in, not counting what they called. */
import type { Profiler } from "node:inspector"

/** One function, and its share of the busy time. */
export interface Hot {
  readonly name: string
  readonly at: string
  readonly share: number
}

/** The functions with the most time of their own, the idle loop and the profiler left out. */
export const hottest = (profile: Profiler.Profile, count = 24): ReadonlyArray<Hot> => {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node.callFrame)]))
  const times = new Map<string, number>()
  let busy = 0
  profile.samples?.forEach((id, index) => {
    const name = names.get(id) ?? "?"
    const micros = profile.timeDeltas?.[index] ?? 0
    if (name.startsWith("(idle)") || name.includes("node:inspector")) return
    busy += micros
    times.set(name, (times.get(name) ?? 0) + micros)
  })
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([key, micros]) => {
      const [name = "", at = ""] = key.split("\t")
      return { name, at, share: micros / busy }
    })
}

const nameOf = ({ functionName, lineNumber, url }: Profiler.Profile["nodes"][number]["callFrame"]): string => {
  const file = url.replace(/^.*\/(node_modules|src|bench)\//, "$1/").replace("node_modules/", "")
  return `${functionName === "" ? "(anonymous)" : functionName}\t${file === "" ? "" : `${file}:${lineNumber + 1}`}`
}
