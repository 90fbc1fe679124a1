// #region vite
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

export default defineConfig({
  plugins: [react()],
  // `fibra` and its sub-paths lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  // The server writes the page; this is its script, under a name that the page knows.
  build: { rolldownOptions: { input: "page.tsx", output: { entryFileNames: "page.js" } } }
})
// #endregion vite
