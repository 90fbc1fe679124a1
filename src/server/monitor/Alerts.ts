/**
 * What somebody should look at, raised once: what is found wrong in a round of health checks becomes an alert, and stays
 * the same one until it is no longer found or somebody resolves it; after that the same is not raised again for a while.
 * There is one alert for each kind and component, which names the worst instance, so their number is bounded.
 */
import * as Schema from "effect/Schema"
import { ComponentId } from "../../LiveId.ts"

/** What may be wrong. */
export const AlertKind = Schema.Literals([
  "slow-action",
  "slow-publish",
  "error-rate",
  "mailbox-age",
  "state-size",
  "reader-behind"
])

/** What may be wrong. */
export type AlertKind = typeof AlertKind.Type

/** Something that somebody should look at. Points in time are in milliseconds since 1970. */
export const Alert = Schema.Struct({
  id: Schema.String,
  kind: AlertKind,
  /** It is found in each round, has not been found any more, or somebody has dealt with it. */
  status: Schema.Literals(["active", "ended", "resolved"]),
  component: Schema.String,
  /** The worst instance; undefined for what is measured of all together. */
  instance: Schema.UndefinedOr(ComponentId),
  /** How many instances it concerns now, at least. */
  instances: Schema.Int,
  /** What was measured last, what was the worst, and what is too much: milliseconds, a share, bytes, or changes. */
  value: Schema.Finite,
  worst: Schema.Finite,
  limit: Schema.Finite,
  unit: Schema.Literals(["ms", "share", "bytes", "changes"]),
  message: Schema.String,
  raisedAt: Schema.Finite,
  seenAt: Schema.Finite,
  /** When it ended, or was resolved. */
  endedAt: Schema.UndefinedOr(Schema.Finite)
})

/** Something that somebody should look at. */
export interface Alert extends Schema.Schema.Type<typeof Alert> {}

/** Something that is too much. */
export interface AlertFinding {
  readonly kind: AlertKind
  readonly component: string
  readonly instance: ComponentId | undefined
  readonly value: number
  readonly limit: number
}

/** Alerts that are kept after their end. */
const maxHistory = 200

const units = {
  "slow-action": "ms",
  "slow-publish": "ms",
  "error-rate": "share",
  "mailbox-age": "ms",
  "state-size": "bytes",
  "reader-behind": "changes"
} as const satisfies { readonly [Kind in AlertKind]: Alert["unit"] }

const round = (value: number): string => String(value >= 100 ? Math.round(value) : Math.round(value * 10) / 10)

/** A quantity for people. */
export const shown = (value: number, unit: Alert["unit"]): string => {
  switch (unit) {
    case "ms":
      return value >= 1000 ? `${round(value / 1000)} s` : `${round(value)} ms`
    case "share":
      return `${round(value * 100)} %`
    case "bytes":
      if (value >= 1e6) return `${round(value / 1e6)} MB`
      return value >= 1e3 ? `${round(value / 1e3)} kB` : `${round(value)} bytes`
    case "changes":
      return `${round(value)} changes`
  }
}

const messageOf = ({ component, kind, limit, value }: AlertFinding, instances: number): string => {
  const of = (amount: number) => shown(amount, units[kind])
  const which = instances > 1 ? `${instances} instances of ${component}` : component
  switch (kind) {
    case "slow-action":
      return `One in twenty messages to ${component} takes ${of(value)} or longer; more than ${of(limit)} is slow.`
    case "slow-publish":
      return `One in twenty changes of ${component} takes ${of(value)} or longer to publish, while nothing else runs; more than ${of(limit)} is slow.`
    case "error-rate":
      return `${of(value)} of the actions of ${component} crashed in the last minute; more than ${of(limit)} is too many.`
    case "mailbox-age":
      return `Messages to ${which} wait for ${of(value)} already; more than ${of(limit)} is long.`
    case "state-size":
      return `${instances > 1 ? `${which} hold up to` : `An instance of ${component} holds`} ${of(value)}; more than ${of(limit)} is large.`
    case "reader-behind":
      return `A client of ${which} is ${of(value)} behind; more than ${of(limit)} is far.`
  }
}

/** A finding of this round, and how many there are of its kind and component. */
interface Worst {
  finding: AlertFinding
  instances: number
}

const keyOf = ({ component, kind }: { readonly component: string; readonly kind: AlertKind }): string =>
  `${kind} ${component}`

/** The alerts of one server. */
export class Alerts {
  readonly #cooldown: number
  readonly #active = new Map<string, Alert>()
  readonly #history: Array<Alert> = []
  /** When the last alert of a kind and component ended, while that is not long ago. */
  readonly #quietSince = new Map<string, number>()
  #found = new Map<string, Worst>()
  #raised = 0

  /** Milliseconds after the end of an alert in which the same is not raised again. */
  constructor(cooldown: number) {
    this.#cooldown = cooldown
  }

  /** Those that are active, and those that have ended, the newest first. */
  get all(): ReadonlyArray<Alert> {
    const ended = this.#history.toReversed()
    return [...Array.from(this.#active.values()).toSorted((a, b) => b.raisedAt - a.raisedAt), ...ended]
  }

  /** Something was found in this round. */
  found(finding: AlertFinding): void {
    const key = keyOf(finding)
    const worst = this.#found.get(key)
    if (worst === undefined) this.#found.set(key, { finding, instances: finding.instance === undefined ? 0 : 1 })
    else {
      worst.instances++
      if (finding.value > worst.finding.value) worst.finding = finding
    }
  }

  /** The round is over. Returns the alerts that it has raised. */
  endRound(now: number): ReadonlyArray<Alert> {
    const found = this.#found
    this.#found = new Map()
    for (const [key, since] of this.#quietSince) if (now - since >= this.#cooldown) this.#quietSince.delete(key)
    for (const [key, alert] of this.#active) if (!found.has(key)) this.#end(key, alert, "ended", now)
    const raised: Array<Alert> = []
    for (const [key, worst] of found) {
      const before = this.#active.get(key)
      if (before === undefined && this.#quietSince.has(key)) continue
      const alert = this.#alert(worst, before, now)
      this.#active.set(key, alert)
      if (before === undefined) raised.push(alert)
    }
    return raised
  }

  /** Somebody has dealt with it; undefined when there is none of this id. */
  resolve(id: string, now: number): Alert | undefined {
    for (const [key, alert] of this.#active) if (alert.id === id) return this.#end(key, alert, "resolved", now)
    const index = this.#history.findIndex((alert) => alert.id === id)
    const ended = this.#history[index]
    return ended && (this.#history[index] = { ...ended, status: "resolved" })
  }

  #alert({ finding, instances }: Worst, before: Alert | undefined, now: number): Alert {
    const { component, instance, kind, limit, value } = finding
    return {
      id: before?.id ?? `alert-${++this.#raised}`,
      kind,
      status: "active",
      component,
      instance,
      instances,
      value,
      worst: Math.max(value, before?.worst ?? 0),
      limit,
      unit: units[kind],
      message: messageOf(finding, instances),
      raisedAt: before?.raisedAt ?? now,
      seenAt: now,
      endedAt: undefined
    }
  }

  #end(key: string, alert: Alert, status: "ended" | "resolved", now: number): Alert {
    const ended = { ...alert, status, endedAt: now }
    this.#active.delete(key)
    this.#quietSince.set(key, now)
    this.#history.push(ended)
    if (this.#history.length > maxHistory) this.#history.shift()
    return ended
  }
}
