// #region view
import { useId } from "react"
import { DateTime } from "effect"
import type { Component } from "fibra"
import { LiveStatus, useComponent } from "fibra/react"
import { Clock } from "../clock/Clock.ts"

const zones = ["UTC", "Europe/Lisbon", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Mars/Olympus"]

export const ClockView = () => {
  const clock = useComponent(Clock)
  const heading = useId()
  const { call, connected, error, state } = clock
  return (
    <section className="card" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>A clock</h2>
        <LiveStatus of={clock} className="status" />
      </div>
      <p className="about">A fiber on the server changes its state each second. The zone is checked there, too.</p>
      <time className="reading" dateTime={state.now === null ? undefined : DateTime.formatIso(state.now)}>
        {state.now === null ? "––:––:––" : timeIn(state, state.now)}
      </time>
      <label className="field">
        Time zone
        <select
          disabled={!connected}
          value={state.zone}
          onChange={(event) => call.SetZone({ zone: event.currentTarget.value })}
        >
          {zones.map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
      </label>
      {error && (
        <p role="alert" className="error">
          {error.message}
        </p>
      )}
    </section>
  )
}
// #endregion view

const timeIn = ({ hour12, zone }: Component.State<typeof Clock>, now: DateTime.Utc): string =>
  DateTime.format(now, { locale: "en-GB", timeStyle: "medium", timeZone: zone, hour12 })
