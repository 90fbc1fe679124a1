/** What went over the connection, message by message. */
import { h, opening, Rows, setText, table } from "./Element.ts"
import { clockTime, pretty, size } from "./Format.ts"
import type { Inspector } from "./Inspector.ts"
import { type LoggedMessage, maxMessages } from "./MessageLog.ts"
import type { Tab } from "./Tab.ts"

/** How many are shown at most: of those that match. */
const shown = 200

/** The messages, the newest at the end. */
export class MessagesTab implements Tab {
  readonly name = "Messages"
  readonly element: HTMLElement
  readonly #inspector: Inspector
  readonly #rows: Rows<LoggedMessage>
  readonly #filter: HTMLInputElement
  readonly #count = h("span", { class: "soft" })
  readonly #pause: HTMLButtonElement

  constructor(inspector: Inspector, changed: () => void) {
    this.#inspector = inspector
    const { messages } = inspector
    const body = h("tbody")
    this.#rows = new Rows(body, ({ id }) => id, row)
    this.#filter = h("input", { type: "search", input: changed })
    this.#pause = h(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        click: () => {
          messages.isPaused = !messages.isPaused
          changed()
        }
      },
      "Pause"
    )
    const clear = h(
      "button",
      {
        type: "button",
        click: () => {
          messages.clear()
          changed()
        }
      },
      "Clear"
    )
    this.element = h(
      "div",
      {},
      h("div", { class: "bar" }, h("label", {}, "Filter", this.#filter), this.#pause, clear, this.#count),
      table(["Time", "Way", "Kind", "Component", "Size", "Message"], body)
    )
  }

  update(): void {
    const { messages } = this.#inspector
    const found = messages.found(this.#filter.value, shown)
    const view = this.element.parentElement
    const isAtEnd = view === null || view.scrollHeight - view.scrollTop - view.clientHeight < 40
    this.#rows.show(found)
    this.#pause.setAttribute("aria-pressed", String(messages.isPaused))
    const kept = messages.messages.length
    setText(
      this.#count,
      `${found.length} shown of ${messages.total}${messages.total > kept ? `, the last ${Math.min(kept, maxMessages)} are kept` : ""}`
    )
    if (isAtEnd && view !== null) view.scrollTop = view.scrollHeight
  }
}

const row = (message: LoggedMessage): HTMLElement => {
  const { at, body, component, direction, kind, summary } = message
  const line = h("summary", {}, summary === "" ? kind : summary)
  const details = opening(line, "Message", () => (body === undefined ? "It was too large to be kept." : pretty(body)))
  return h(
    "tr",
    {},
    h("td", {}, clockTime(at)),
    h("td", {}, direction),
    h("td", {}, kind),
    h("td", {}, component),
    h("td", {}, size(message.size)),
    h("td", {}, details)
  )
}
