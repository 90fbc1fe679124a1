// Builds dist/fibra.js, for pages without a build: `vite build --config vite.script.config.ts`.
import { defineConfig } from "vite"

export default defineConfig({
  // Nothing is copied beside it.
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: false,
    // The browsers of docs/react.md.
    target: ["chrome109", "firefox115", "safari16"],
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: "src/script/index.ts",
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "fibra.js", format: "es" }
    }
  }
})
