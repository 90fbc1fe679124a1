// #region view
import { useState } from "react"
import { LiveStatus, useComponent, useEvent } from "fibra/react"
import { Counter } from "./Counter.ts"

// Everyone who looks at it shares one counter, by its key.
export const CounterView = () => {
  const counter = useComponent(Counter, { props: { start: 0 }, key: "everyone" })
  const [milestone, setMilestone] = useState<number>()
  useEvent(counter, "Milestone", ({ count }) => setMilestone(count))
  const { call, connected, error, state } = counter
  return (
    <section>
      <p>
        <output aria-label="Count">{state.count}</output> <LiveStatus of={counter} />
      </p>
      <button disabled={!connected} onClick={() => call.Increment({ by: 1 })}>
        +1
      </button>
      <button disabled={!connected} onClick={() => call.Reset()}>
        Reset
      </button>
      {milestone !== undefined && <p>The last milestone was {milestone}.</p>}
      {error && <p role="alert">{error._tag === "LimitReached" ? `No further than ${error.max}.` : error.message}</p>}
    </section>
  )
}
// #endregion view
