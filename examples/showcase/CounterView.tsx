// #region view
import { type ReactNode, useId, useState } from "react"
import { LiveStatus, useComponent, useEvent } from "fibra/react"
import { Counter } from "../counter/Counter.ts"

interface CounterViewProps {
  readonly title: string
  /** A `key` names the one instance that everyone shares, a `cacheKey` the state that this browser comes back to. */
  readonly instance: { readonly key: string } | { readonly cacheKey: string }
  readonly children?: ReactNode
}

export const CounterView = ({ children, instance, title }: CounterViewProps) => {
  const counter = useComponent(Counter, { props: { start: 0 }, ...instance })
  const [milestones, setMilestones] = useState<ReadonlyArray<Milestone>>([])
  useEvent(counter, "Milestone", ({ count }) =>
    setMilestones((earlier) => [{ id: (earlier[0]?.id ?? 0) + 1, count }, ...earlier].slice(0, 5))
  )
  const heading = useId()
  const { call, connected, error, state } = counter
  return (
    <section className="card" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>{title}</h2>
        <LiveStatus of={counter} className="status" />
      </div>
      <p className="about">{children}</p>
      <output className="reading" aria-label="Count">
        {state.count}
      </output>
      <div className="buttons">
        <button disabled={!connected} onClick={() => call.Increment({ by: 1 })}>
          +1
        </button>
        <button disabled={!connected} onClick={() => call.Increment({ by: 10 })}>
          +10
        </button>
        <button className="quiet" disabled={!connected} onClick={() => call.Reset()}>
          Reset
        </button>
      </div>
      {error && (
        <p role="alert" className="error">
          {error._tag === "LimitReached" ? `This counter goes no further than ${error.max}.` : error.message}
        </p>
      )}
      <Milestones of={milestones} />
    </section>
  )
}
// #endregion view

interface Milestone {
  readonly id: number
  readonly count: number
}

/** The events of the counter, the newest first. A live region has to be there before there is something to say. */
const Milestones = ({ of }: { readonly of: ReadonlyArray<Milestone> }) => (
  <div role="log" aria-label="Milestones" className="milestones">
    {of.map(({ count, id }) => (
      <span key={id} className="milestone">
        {count} reached
      </span>
    ))}
  </div>
)
