// #region page
import { createRoot } from "react-dom/client"
import { LiveProvider } from "fibra/react"
import { CounterView } from "./CounterView.tsx"

const root = document.getElementById("root")
if (root === null) throw new Error("index.html has no element with the id root")

createRoot(root).render(
  <LiveProvider>
    <CounterView />
  </LiveProvider>
)
// #endregion page
