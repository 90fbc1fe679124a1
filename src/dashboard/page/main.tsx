/** The page of the dashboard. */
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { LiveProvider } from "../../react/LiveProvider.tsx"
import { App } from "./App.tsx"
import * as Theme from "./Theme.ts"

Theme.apply(Theme.chosen())

const url = new URL("rpc", location.href)
url.protocol = url.protocol === "https:" ? "wss:" : "ws:"

const root = document.getElementById("root")
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <LiveProvider url={url.href}>
        <App />
      </LiveProvider>
    </StrictMode>
  )
}
