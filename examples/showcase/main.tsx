// The page. One provider is one connection, whatever is mounted below it.
// #region page
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { LiveProvider } from "fibra/react"
import { App } from "./App.tsx"

const root = document.getElementById("root")
if (root === null) throw new Error("index.html has no element with the id root")

createRoot(root).render(
  <StrictMode>
    <LiveProvider>
      <App />
    </LiveProvider>
  </StrictMode>
)
// #endregion page
