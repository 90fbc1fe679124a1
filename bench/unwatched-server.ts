/** The product without the numbers that instances keep, to see what those cost. */
import { InstanceStats } from "../src/server/instance/InstanceStats.ts"

const nothing = () => {}
for (const name of ["queued", "begun", "continued", "ended", "crashed", "updated", "published"] as const) {
  Object.defineProperty(InstanceStats.prototype, name, { value: nothing })
}
Object.defineProperty(InstanceStats.prototype, "publishing", { value: 0 })

await import("./fibra-server.ts")
