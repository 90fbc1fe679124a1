/** For programs that tests start with `--import`: a file of the source has one of its lines broken, as `PLANTED_FAULT` says. */
import { registerHooks } from "node:module"

/** What to break. */
export interface Fault {
  /** From the root of the project. */
  readonly path: string
  readonly line: string
  readonly by: string
}

const { by, line, path } = JSON.parse(process.env["PLANTED_FAULT"] ?? "") as Fault
const broken = new URL(`../../${path}`, import.meta.url).href
let isPlanted = false

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (url !== broken) return loaded
    const source = String(Buffer.from(loaded.source as Uint8Array))
    if (!source.includes(line)) throw new Error(`${path} has changed: plant the fault anew`)
    isPlanted = true
    return { ...loaded, source: source.replace(line, by) }
  }
})

process.on("exit", () => {
  if (!isPlanted) console.error(`${path} was not loaded`)
})
