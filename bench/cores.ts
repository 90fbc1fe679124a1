/** Which core a process runs on: the servers on one, the load on another, so that neither takes from the other what is measured. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"

/** The cores this process may run on; none where that is not known. */
const allowed = (): ReadonlyArray<number> => {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? ""
    return list.split(",").flatMap((range) => {
      const [from = NaN, to = from] = range.split("-").map(Number)
      return Array.from({ length: to - from + 1 }, (_, index) => from + index)
    })
  } catch {
    return []
  }
}

const [servers, load] = allowed()

/** The two cores, where there are two. */
const cores = servers === undefined || load === undefined ? undefined : { servers, load }

const run = promisify(execFile)

/** Puts all threads of a running process on a core: it starts faster on all of them. Says why when that cannot be done. */
export const pin = async (pid: number, to: "servers" | "load"): Promise<string | undefined> => {
  if (cores === undefined) return "there are no two cores, or it is not known which"
  try {
    await run("taskset", ["--all-tasks", "--cpu-list", "--pid", String(cores[to]), String(pid)])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
