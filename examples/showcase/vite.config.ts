import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

export default defineConfig({
  plugins: [react()],
  // `fibra` and its sub-paths lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  build: { outDir: "dist", emptyOutDir: true },
  // `npx vite examples/showcase` beside a running server: the page is rebuilt as you type.
  server: {
    proxy: { "/api/live": { target: "http://localhost:3000", ws: true }, "/api/uploads": "http://localhost:3000" }
  }
})
