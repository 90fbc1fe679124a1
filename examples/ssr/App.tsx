// The views, for both: the server renders them, and the browser hydrates them.
// #region view
import { DateTime } from "effect"
import { type Adoption, LiveProvider, useComponent } from "fibra/react"
import { Clock } from "../clock/Clock.ts"
import { CounterView } from "../counter/CounterView.tsx"

// A private one: this visitor's alone.
const ClockView = () => {
  const { now, zone } = useComponent(Clock).state
  return (
    <p>
      The server’s clock, in {zone}: <time>{now === null ? "not yet" : DateTime.formatIso(now).slice(11, 19)}</time>
    </p>
  )
}

export const App = ({ ssr }: { readonly ssr: Adoption | undefined }) => (
  <LiveProvider ssr={ssr}>
    <main>
      <h1>Rendered on a server</h1>
      <CounterView />
      <ClockView />
    </main>
  </LiveProvider>
)
// #endregion view
