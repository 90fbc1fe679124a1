import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

/** Collects garbage, and gives the bytes that are left: heap and what it holds outside. */
export const collectGarbage = (): number => {
  gc()
  gc()
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}
