// #region page
import { StrictMode } from "react"
import { hydrateRoot } from "react-dom/client"
import { readSsr } from "fibra/react"
import { App } from "./App.tsx"

const root = document.getElementById("root")
if (root === null) throw new Error("Site.tsx renders no element with the id root")

hydrateRoot(
  root,
  <StrictMode>
    <App ssr={readSsr()} />
  </StrictMode>
)
// #endregion page
