// #region vite
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

export default defineConfig({
  plugins: [react()],
  // Vite serves the page, and passes on what is for the server.
  server: { proxy: { "/api/live": { target: "http://localhost:3000", ws: true } } }
})
// #endregion vite
