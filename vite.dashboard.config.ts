// Builds the page of the dashboard, which is published with the package: `vite build --config vite.dashboard.config.ts`.
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

export default defineConfig({
  root: "src/dashboard/page",
  plugins: [react()],
  // Wherever it is served.
  base: "./",
  build: {
    outDir: "../../../dist/dashboard/page",
    emptyOutDir: true,
    // The colours are chosen by `color-scheme`, also from JavaScript, which `light-dark` follows only where browsers know it.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The policy of the page allows no data URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600
  }
})
