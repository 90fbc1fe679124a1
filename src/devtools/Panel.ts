/** The panel: a button in a corner of the page, and tabs that it opens. It draws a few times a second, however much happens. */
import { type AddressOf, ComponentsTab } from "./ComponentsTab.ts"
import { CallsTab } from "./CallsTab.ts"
import { ConnectionTab } from "./ConnectionTab.ts"
import { h, setText } from "./Element.ts"
import type { Inspector } from "./Inspector.ts"
import { MessagesTab } from "./MessagesTab.ts"
import { styled } from "./PanelStyle.ts"
import type { Disturbance, TimeAndChance } from "./Simulator.ts"
import { isCalm } from "./SimulatorSettings.ts"
import type { Tab } from "./Tab.ts"

/** Milliseconds between two drawings, at least. */
const pace = 200

/** Milliseconds after which it is drawn though nothing has happened: time passes. */
const tick = 1000

/** What the panel is given. */
export interface PanelOptions {
  readonly inspector: Inspector
  readonly time: TimeAndChance
  readonly addressOf: AddressOf
  /** The panel was opened for the first time. */
  readonly onOpen: () => void
  readonly onDisturb: (settings: Disturbance) => void
}

/** One panel. */
export class Panel {
  readonly #inspector: Inspector
  readonly #onOpen: () => void
  readonly #time: TimeAndChance
  readonly #host = h("div")
  readonly #toggle: HTMLButtonElement
  readonly #panel: HTMLElement
  readonly #status = h("span", { class: "soft" })
  readonly #tabs: ReadonlyArray<{ readonly tab: Tab; readonly button: HTMLButtonElement; readonly view: HTMLElement }>
  #selected = 0
  #isDirty = false
  #stopDrawing: (() => void) | undefined

  constructor({ addressOf, inspector, onDisturb, onOpen, time }: PanelOptions) {
    this.#inspector = inspector
    this.#onOpen = onOpen
    this.#time = time
    const changed = () => this.draw()
    const tabs: ReadonlyArray<Tab> = [
      new ComponentsTab(inspector, addressOf),
      new MessagesTab(inspector, changed),
      new CallsTab(inspector),
      new ConnectionTab(inspector, time.now, onDisturb)
    ]
    this.#tabs = tabs.map((tab, index) => ({
      tab,
      button: h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${index}`,
          "aria-controls": `view-${index}`,
          click: () => this.#select(index)
        },
        tab.name
      ),
      view: h(
        "div",
        { role: "tabpanel", id: `view-${index}`, "aria-labelledby": `tab-${index}`, tabindex: 0 },
        tab.element
      )
    }))
    const tablist = h(
      "div",
      { role: "tablist", "aria-label": "Devtools", keydown: (event) => this.#move(event as KeyboardEvent) },
      ...this.#tabs.map(({ button }) => button)
    )
    this.#panel = h(
      "div",
      { class: "panel", id: "panel", hidden: true },
      h(
        "header",
        {},
        h("h2", {}, "fibra devtools"),
        this.#status,
        h("button", { type: "button", class: "close", click: () => this.#show(false) }, "Close")
      ),
      tablist,
      ...this.#tabs.map(({ view }) => view)
    )
    this.#toggle = h(
      "button",
      {
        type: "button",
        class: "toggle",
        "aria-expanded": "false",
        "aria-controls": "panel",
        click: () => this.#show(this.#panel.hidden === true)
      },
      "fibra"
    )
    const root = this.#host.attachShadow({ mode: "open" })
    styled(root)
    const keydown = (event: Event) => {
      if ((event as KeyboardEvent).key === "Escape" && !this.#panel.hidden) this.#show(false)
    }
    root.append(h("aside", { "aria-label": "fibra devtools", keydown }, this.#panel, this.#toggle))
    this.#select(0)
    document.body.append(this.#host)
  }

  /** There may be something else to show. */
  changed(): void {
    this.#isDirty = true
  }

  /** Takes it off the page. */
  remove(): void {
    this.#stopDrawing?.()
    this.#host.remove()
  }

  /** Shows what there is now. */
  draw(): void {
    this.#isDirty = false
    const { simulator, connection } = this.#inspector
    const { status } = connection.monitor.state
    setText(this.#status, isCalm(simulator.settings) ? status : `${status} · simulating a bad network`)
    this.#tabs[this.#selected]?.tab.update()
  }

  #show(isOpen: boolean): void {
    this.#panel.hidden = !isOpen
    this.#toggle.setAttribute("aria-expanded", String(isOpen))
    this.#stopDrawing?.()
    this.#stopDrawing = undefined
    if (!isOpen) return this.#toggle.focus()
    this.#onOpen()
    this.draw()
    this.#tabs[this.#selected]?.button.focus()
    this.#beat(0)
  }

  /** Draws again when something has happened, or when it is time. */
  #beat(idle: number): void {
    this.#stopDrawing = this.#time.after(pace, () => {
      const isDue = this.#isDirty || idle + pace >= tick
      if (isDue) this.draw()
      this.#beat(isDue ? 0 : idle + pace)
    })
  }

  #select(selected: number): void {
    this.#selected = selected
    this.#tabs.forEach(({ button, view }, index) => {
      button.setAttribute("aria-selected", String(index === selected))
      button.tabIndex = index === selected ? 0 : -1
      view.hidden = index !== selected
    })
    if (!this.#panel.hidden) this.draw()
  }

  /** As tabs are moved between: with the arrow keys, Home and End. */
  #move(event: KeyboardEvent): void {
    const last = this.#tabs.length - 1
    const steps: { readonly [key: string]: number } = {
      ArrowRight: this.#selected === last ? 0 : this.#selected + 1,
      ArrowLeft: this.#selected === 0 ? last : this.#selected - 1,
      Home: 0,
      End: last
    }
    const selected = steps[event.key]
    if (selected === undefined) return
    event.preventDefault()
    this.#select(selected)
    this.#tabs[selected]?.button.focus()
  }
}
