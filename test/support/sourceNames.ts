/** For programs that tests start: `fibra`, `fibra/server`, … lead to src/, as `paths` of tsconfig.json has it for all else. */
import { registerHooks } from "node:module"

registerHooks({
  resolve: (name, context, next) => {
    if (name !== "fibra" && !name.startsWith("fibra/")) return next(name, context)
    const path = name === "fibra" ? "index.ts" : `${name.slice("fibra/".length)}/index.ts`
    return { url: new URL(`../../src/${path}`, import.meta.url).href, shortCircuit: true }
  }
})
