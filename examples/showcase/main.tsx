// The page. One provider is one connection, whatever is mounted below it.
// #region page
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { LiveDevtools } from "fibra/devtools"
import { LiveProvider } from "fibra/react"
import { App } from "./App.tsx"
import { named } from "./Visitor.ts"

const root = document.getElementById("root")
if (root === null) throw new Error("index.html has no element with the id root")

const member = named(location.search)
const server = new URL("/api/live/rpc", location.href.replace(/^http/, "ws"))
if (member !== undefined) server.searchParams.set("as", member)

createRoot(root).render(
  <StrictMode>
    <LiveProvider url={server.href}>
      <App member={member} />
      <LiveDevtools />
    </LiveProvider>
  </StrictMode>
)
// #endregion page
