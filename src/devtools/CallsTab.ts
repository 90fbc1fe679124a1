/** The calls of actions. */
import type { LoggedCall } from "./CallLog.ts"
import { h, opening, Rows, table } from "./Element.ts"
import { clockTime, duration, pretty } from "./Format.ts"
import type { Inspector } from "./Inspector.ts"
import type { Tab } from "./Tab.ts"
import { brief } from "./WireMessage.ts"

/** The calls, the newest first. */
export class CallsTab implements Tab {
  readonly name = "Calls"
  readonly element: HTMLElement
  readonly #inspector: Inspector
  readonly #rows: Rows<LoggedCall>
  readonly #none = h("p", { class: "soft" }, "No action was called since the devtools record.")

  constructor(inspector: Inspector) {
    this.#inspector = inspector
    const body = h("tbody")
    this.#rows = new Rows(body, ({ callId }) => callId, row)
    const titles = ["Started", "Component", "Action", "Took", "Outcome"]
    this.element = h("div", {}, this.#none, table(titles, body))
  }

  update(): void {
    const { calls } = this.#inspector.calls
    this.#none.hidden = calls.length > 0
    this.#rows.show(calls.toReversed())
  }
}

const row = (call: LoggedCall): HTMLElement => {
  const { action, component, outcome, payload, sent, startedAt, took } = call
  const again = sent > 1 ? `, sent ${sent} times` : ""
  const isGood = outcome === undefined || outcome.kind === "succeeded"
  const said =
    outcome === undefined
      ? "pending"
      : isGood
        ? `succeeded ${brief(outcome.value, 60)}`
        : `${outcome.kind}: ${outcome.error}`
  const line = h("summary", isGood ? {} : { class: "bad" }, said + again)
  const details = opening(line, "Call", () => {
    const answer = outcome === undefined ? "" : `\nanswer ${pretty(outcome.value)}`
    return `payload ${pretty(payload)}${answer}`
  })
  return h(
    "tr",
    {},
    h("td", {}, clockTime(startedAt)),
    h("td", {}, component),
    h("td", {}, action),
    h("td", {}, took === undefined ? "…" : duration(took)),
    h("td", {}, details)
  )
}
