/** Installs what fibra is compared with, in this folder alone, when it is not there or is of another version. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = new URL(".", import.meta.url)

const read = (file: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Readonly<Record<string, unknown>>

const wanted = (): Readonly<Record<string, string>> => read("package.json")["dependencies"] as Record<string, string>

const isInstalled = ([name, version]: readonly [string, string]): boolean => {
  try {
    return read(`node_modules/${name}/package.json`)["version"] === version
  } catch {
    return false
  }
}

/** Installs them, and gives their versions. */
export const install = (): Readonly<Record<string, string>> => {
  const versions = wanted()
  if (!Object.entries(versions).every(isInstalled)) {
    console.error("Installing what fibra is compared with, in bench/peers.")
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
      cwd: fileURLToPath(folder),
      stdio: ["ignore", "inherit", "inherit"]
    })
  }
  return { "Socket.IO": versions["socket.io"] ?? "", Colyseus: versions["@colyseus/core"] ?? "" }
}
