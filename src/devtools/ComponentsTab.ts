/** The components on the page: what each is, how it is, and what it shows. */
import type { Replica } from "../client/Replica.ts"
import type * as Component from "../Component.ts"
import { isList } from "../Json.ts"
import { statusOf } from "../store/ComponentStatus.ts"
import { h, Rows, setText } from "./Element.ts"
import { pretty } from "./Format.ts"
import type { Inspector } from "./Inspector.ts"
import type { Tab } from "./Tab.ts"
import { brief } from "./WireMessage.ts"

type AnyReplica = Replica<Component.Typed>

/** The address of an instance in the dashboard; undefined where none is known. */
export type AddressOf = (componentId: string) => string | undefined

/** One component. */
class ComponentEntry {
  readonly element: HTMLDetailsElement
  readonly #replica: AnyReplica
  readonly #inspector: Inspector
  readonly #addressOf: AddressOf
  readonly #summary = h("summary")
  readonly #facts = h("dl")
  readonly #state = h("pre", { tabindex: 0, "aria-label": "State" })
  readonly #people = h("pre", { tabindex: 0, "aria-label": "Presence" })
  readonly #presence = h("section", {}, h("h3", {}, "Presence"), this.#people)
  #shown: AnyReplica["view"] | undefined

  constructor(replica: AnyReplica, inspector: Inspector, addressOf: AddressOf) {
    this.#replica = replica
    this.#inspector = inspector
    this.#addressOf = addressOf
    this.element = h(
      "details",
      { toggle: () => this.update() },
      this.#summary,
      this.#facts,
      h("h3", {}, "State"),
      this.#state,
      this.#presence
    )
  }

  update(): void {
    const { component, mounting, view } = this.#replica
    const { connection, secrecy } = this.#inspector
    const status = statusOf(view, connection.monitor.state.status)
    const place =
      mounting.key !== undefined ? `key ${mounting.key}` : mounting.room !== undefined ? `room ${mounting.room}` : ""
    setText(this.#summary, [component.componentName, place, status].filter((part) => part !== "").join(" · "))
    if (!this.element.open) return void (this.#shown = undefined)
    const read = this.#replica.place()
    const [first] = view.rooms
    this.#facts.replaceChildren(
      ...fact("Version", String(component.version)),
      ...fact("Placement", mounting.key === undefined ? "an instance of its own" : `shared, key ${mounting.key}`),
      ...fact("Rooms", first === undefined ? "none" : view.rooms.join(", ")),
      ...fact("Instance", this.#instance(view.componentId)),
      ...fact("Activation", view.activation ?? "not yet"),
      ...fact("Revision", read === undefined ? "none" : `${read.revision} of life ${read.epoch}`),
      ...fact("Events dropped", String(view.eventsDropped)),
      ...(view.error === undefined ? [] : fact("Error", view.error.message))
    )
    if (this.#shown === view) return
    this.#shown = view
    setText(this.#state, pretty(secrecy.shown(this.#replica)))
    this.#presence.hidden = component.codec.presence === undefined
    const people = secrecy.people(this.#replica)
    const list = typeof people === "object" && people !== null && "people" in people ? people.people : []
    setText(this.#people, isList(list) && list.length > 0 ? list.map((each) => brief(each, 200)).join("\n") : "nobody")
  }

  #instance(id: string | undefined): Node | string {
    if (id === undefined) return "not mounted"
    const href = this.#addressOf(id)
    if (href === undefined) return id
    return h("span", {}, `${id} `, h("a", { href, target: "_blank", rel: "noopener" }, "open in the dashboard"))
  }
}

const fact = (name: string, value: Node | string): ReadonlyArray<Node> => [h("dt", {}, name), h("dd", {}, value)]

/** All of them. */
export class ComponentsTab implements Tab {
  readonly name = "Components"
  readonly element = h("div")
  readonly #inspector: Inspector
  readonly #entries = new WeakMap<AnyReplica, ComponentEntry>()
  readonly #rows: Rows<AnyReplica>
  readonly #none = h("p", { class: "soft" }, "Nothing is mounted.")

  constructor(inspector: Inspector, addressOf: AddressOf) {
    this.#inspector = inspector
    const list = h("div")
    this.#rows = new Rows(
      list,
      (replica) => replica,
      (replica) => {
        const entry = new ComponentEntry(replica, inspector, addressOf)
        this.#entries.set(replica, entry)
        return entry.element
      }
    )
    this.element.append(this.#none, list)
  }

  update(): void {
    const { replicas } = this.#inspector
    this.#none.hidden = replicas.length > 0
    this.#rows.show(replicas)
    for (const replica of replicas) this.#entries.get(replica)?.update()
  }
}
