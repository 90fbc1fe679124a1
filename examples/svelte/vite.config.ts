import { fileURLToPath } from "node:url"
import { svelte } from "@sveltejs/vite-plugin-svelte"
import { defineConfig } from "vite"

const src = fileURLToPath(new URL("../../src", import.meta.url))

export default defineConfig({
  plugins: [svelte()],
  // Here `fibra` and its sub-paths are the sources of this repository. In a project of its own they are a package.
  resolve: {
    alias: [
      { find: /^fibra$/, replacement: `${src}/index.ts` },
      { find: /^fibra\/(\w+)$/, replacement: `${src}/$1/index.ts` }
    ]
  },
  // Wherever it is served.
  base: "./",
  server: { proxy: { "/api/live": { target: "http://localhost:3000", ws: true } } }
})
