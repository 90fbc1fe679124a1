/**
 * A server of test/support as one file, which starts in a third of the time that its hundreds of modules take. It is not minified:
 * a stack trace names the functions, and the comments of the bundle their files.
 */
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { build } from "vite"
import { root } from "./workspace.ts"

/** Modules of this project know what is beside them by their own address; all they do when they are loaded is kept. */
const own = {
  name: "own-modules",
  transform: (code: string, id: string) =>
    id.includes("/node_modules/")
      ? undefined
      : {
          code: code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href)),
          map: null,
          moduleSideEffects: true
        }
}

const bundles = (): string => {
  // Emptied before each run of the tests, and gone after the last one: scripts/vitest-compiled.ts.
  const folder = process.env["NODE_COMPILE_CACHE"]
  if (folder === undefined) throw new Error("NODE_COMPILE_CACHE names no folder for bundles")
  return join(folder, "servers")
}

/** Bundles the program that is in this file, unless that was done in this run of the tests; gives the path of the bundle. */
export const of = async (file: URL): Promise<string> => {
  const entry = fileURLToPath(file)
  const name = `${basename(entry, ".ts")}.mjs`
  const path = join(bundles(), name)
  const isThere = await access(path).then(
    () => true,
    () => false
  )
  if (isThere) return path
  await mkdir(bundles(), { recursive: true })
  // Two workers may do so at once: whoever reads it reads all of it.
  const outDir = await mkdtemp(join(bundles(), "making-"))
  await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    resolve: { tsconfigPaths: true },
    ssr: { noExternal: true },
    plugins: [own],
    build: {
      ssr: entry,
      outDir,
      minify: false,
      target: "node22",
      rolldownOptions: { output: { codeSplitting: false, entryFileNames: name } }
    }
  })
  await rename(join(outDir, name), path)
  await rm(outDir, { recursive: true })
  return path
}
