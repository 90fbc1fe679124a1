/** What somebody should look at, and what would make components cheaper. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { type AlertRow, AlertTable } from "../AlertTable.ts"
import { Badge } from "./Badge.tsx"
import * as Format from "./Format.ts"
import { toInstance, toInstances } from "./Route.ts"

interface AlertItemProps {
  readonly of: AlertRow
  readonly onResolve: (() => void) | undefined
}

const AlertItem = ({ of: alert, onResolve }: AlertItemProps): ReactElement => {
  const { component, endedAt, instance, message, raisedAt, status } = alert
  return (
    <li>
      <p>
        <Badge of={status} /> {message}
      </p>
      <p className="hint">
        <a href={instance === null ? toInstances({ text: component }) : toInstance(instance)}>{component}</a>, raised{" "}
        {Format.day(raisedAt)}
        {endedAt !== null && `, ended ${Format.day(endedAt)}`}
      </p>
      {onResolve !== undefined && (
        <button type="button" onClick={onResolve} aria-label={`Resolve: ${message}`}>
          Resolve
        </button>
      )}
    </li>
  )
}

/** Alerts and suggestions. */
export const Alerts = (): ReactElement => {
  const table = useComponent(AlertTable)
  const { call, connected, error, state } = table
  const { alerts, isKnown, suggestions } = state
  return (
    <>
      <LiveStatus of={table} className="live" />
      {isKnown && alerts.length === 0 && <p>There are no alerts.</p>}
      <ul className="cards" aria-label="Alerts">
        {alerts.map((alert) => (
          <AlertItem
            key={alert.id}
            of={alert}
            onResolve={
              alert.status === "active" && connected ? () => void call.Resolve({ alert: alert.id }) : undefined
            }
          />
        ))}
      </ul>
      {error !== undefined && <p role="alert">{error.message}</p>}
      <h2>Suggestions</h2>
      {isKnown && suggestions.length === 0 && <p>There is no evidence for any.</p>}
      <ul className="cards" aria-label="Suggestions">
        {suggestions.map(({ component, evidence, kind, message }) => (
          <li key={`${kind} ${component}`}>
            <p>{message}</p>
            <dl className="evidence">
              {evidence.map(({ name, value }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
    </>
  )
}
