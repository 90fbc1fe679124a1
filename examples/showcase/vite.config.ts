import { fileURLToPath } from "node:url"
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

const nothing = fileURLToPath(new URL("../../src/devtools/production.ts", import.meta.url))

export default defineConfig(({ command }) => ({
  plugins: [react()],
  resolve: {
    // `fibra` and its sub-paths lead to src/, by the `paths` of tsconfig.json,
    tsconfigPaths: true,
    // which does not know what `exports` of the package says: a page that is built has no devtools.
    alias: command === "build" ? { "fibra/devtools": nothing } : {}
  },
  build: { outDir: "dist", emptyOutDir: true },
  // `npx vite examples/showcase` beside a running server: the page is rebuilt as you type.
  server: {
    proxy: { "/api/live": { target: "http://localhost:3000", ws: true }, "/api/uploads": "http://localhost:3000" }
  }
}))
