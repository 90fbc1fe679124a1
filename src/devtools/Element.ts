/** Elements of the panel: made from their parts, and lists of them that follow a list of values. */

/** Attributes; functions are listeners of the event of their name. */
export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined | ((event: Event) => void)
}

/** Makes an element. */
export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value))
  }
  element.append(...children)
  return element
}

/** Sets a text where it is another one, so that nothing is drawn for nothing. */
export const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** A table whose rows come into `body`. */
export const table = (titles: ReadonlyArray<string>, body: HTMLElement): HTMLElement =>
  h("table", {}, h("thead", {}, h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)))), body)

/** A line that opens to a text. A text that nobody opens is never written out. */
export const opening = (line: HTMLElement, label: string, text: () => string): HTMLElement => {
  const details = h("details", {}, line)
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(h("pre", { tabindex: 0, "aria-label": label }, text()))
    }
  })
  return details
}

/** An element for each value of a list. A value stays the same, by identity, until something of it changes. */
export class Rows<A extends object> {
  readonly #parent: HTMLElement
  readonly #keyOf: (value: A) => unknown
  readonly #draw: (value: A) => HTMLElement
  #shown = new Map<unknown, { readonly value: A; readonly element: HTMLElement }>()

  constructor(parent: HTMLElement, keyOf: (value: A) => unknown, draw: (value: A) => HTMLElement) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#draw = draw
  }

  show(values: ReadonlyArray<A>): void {
    const before = this.#shown
    this.#shown = new Map()
    for (const value of values) {
      const key = this.#keyOf(value)
      const known = before.get(key)
      this.#shown.set(key, known?.value === value ? known : { value, element: this.#draw(value) })
    }
    for (const [key, { element }] of before) if (this.#shown.get(key)?.element !== element) element.remove()
    let next = this.#parent.firstChild
    for (const { element } of this.#shown.values()) {
      if (element === next) next = next.nextSibling
      else this.#parent.insertBefore(element, next)
    }
  }
}
