/** Pages as vite builds them. */
import { Effect } from "effect"
import { build } from "vite"
import { folder } from "./workspace.ts"

/** Builds the page in this folder, with the React that complains and that runs effects twice; gives the folder where it is until the Scope closes. */
export const builtPage = Effect.fnUntraced(function* (root: string) {
  const outDir = yield* folder
  yield* Effect.promise(() =>
    build({
      root,
      mode: "development",
      logLevel: "error",
      resolve: { tsconfigPaths: true },
      build: { outDir, emptyOutDir: true }
    })
  )
  return outDir
})
