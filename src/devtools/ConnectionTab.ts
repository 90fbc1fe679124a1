/** How the connection is, and what it would be like on a bad network. */
import * as Effect from "effect/Effect"
import { describe } from "../ConnectionFailure.ts"
import { h, setText } from "./Element.ts"
import { clockTime, duration } from "./Format.ts"
import type { Inspector } from "./Inspector.ts"
import { type Disturbance, calm, most } from "./Simulator.ts"
import { sane } from "./SimulatorSettings.ts"
import type { Tab } from "./Tab.ts"

type NumberName = keyof typeof most

const labels: ReadonlyArray<readonly [name: NumberName, label: string]> = [
  ["delay", "Delay each way, ms"],
  ["jitter", "Jitter up to, ms"],
  ["drop", "Drop, %"]
]

/** The connection, and the simulator. */
export class ConnectionTab implements Tab {
  readonly name = "Connection"
  readonly element: HTMLElement
  readonly #inspector: Inspector
  readonly #now: () => number
  readonly #facts = new Map<string, HTMLElement>()
  readonly #inputs = new Map<NumberName, HTMLInputElement>()
  readonly #offline: HTMLInputElement
  readonly #change: (settings: Disturbance) => void

  /** `change` is called with what somebody sets. */
  constructor(inspector: Inspector, now: () => number, change: (settings: Disturbance) => void) {
    this.#inspector = inspector
    this.#now = now
    this.#change = change
    const list = h("dl")
    for (const name of ["Server", "Status", "Since", "Attempts", "Next attempt", "Latency", "Last failure"]) {
      const value = h("dd")
      this.#facts.set(name, value)
      list.append(h("dt", {}, name), value)
    }
    for (const [name] of labels) {
      this.#inputs.set(
        name,
        h("input", { type: "number", min: 0, max: most[name], step: 1, change: () => this.#set() })
      )
    }
    this.#offline = h("input", { type: "checkbox", change: () => this.#set() })
    const { connection } = inspector
    this.element = h(
      "div",
      {},
      list,
      h("button", { type: "button", click: () => void Effect.runFork(connection.reconnect) }, "Reconnect"),
      h("h3", {}, "Simulator"),
      h(
        "form",
        { submit: (event) => event.preventDefault() },
        ...labels.map(([name, label]) => h("label", {}, label, this.#inputs.get(name) ?? "")),
        h("label", {}, this.#offline, "Offline"),
        h("button", { type: "button", click: () => change(calm) }, "Reset")
      ),
      h(
        "p",
        { class: "soft" },
        "For this page alone. Messages keep their order, and on one connection none is lost by itself: “drop” is the chance, ",
        "for each frame, that the connection is cut in its place. What was under way is lost with it, and the client makes up for it."
      ),
      ...(inspector.isPossible ? [] : [h("p", { class: "bad" }, "The client of this page has no sockets to simulate.")])
    )
    this.#fill()
  }

  update(): void {
    const { attempts, connection } = this.#inspector
    const { failure, since, status } = connection.monitor.state
    const { latency, retryAt } = connection.timing.timing
    const now = this.#now()
    this.#say("Server", connection.slot?.url ?? "not known")
    this.#say("Status", status)
    this.#say("Since", `${clockTime(since)}, for ${duration(now - since)}`)
    this.#say("Attempts", status === "connected" ? "none since there is a connection" : String(attempts))
    this.#say(
      "Next attempt",
      retryAt === undefined ? "none is waited for" : `in ${duration(Math.max(0, retryAt - now))}`
    )
    this.#say("Latency", latency === undefined ? "not known" : duration(latency))
    this.#say("Last failure", failure === undefined ? "none" : describe(failure))
    this.#fill()
  }

  #say(name: string, text: string): void {
    const element = this.#facts.get(name)
    if (element !== undefined) setText(element, text)
  }

  /** Shows the settings, except where somebody types. */
  #fill(): void {
    const { settings } = this.#inspector.simulator
    for (const [name, input] of this.#inputs) {
      if (!input.matches(":focus")) input.value = String(settings[name])
    }
    this.#offline.checked = settings.offline
  }

  #set(): void {
    const numbers = Object.fromEntries(Array.from(this.#inputs, ([name, input]) => [name, Number(input.value)]))
    this.#change(sane({ ...numbers, offline: this.#offline.checked }))
  }
}
