/** What both wires of fibra ask of the components under test. */
import type { Mounting, Said, Wire } from "./wire.ts"

/** A client's end of a wire of fibra. */
export abstract class ComponentWire implements Wire {
  abstract mount(mounting: Mounting): void
  abstract leave(): boolean
  abstract read(text: string): void
  protected abstract call(componentId: string, id: number, action: string, payload: unknown): void

  increment(componentId: string, id: number): void {
    this.call(componentId, id, "Increment", { by: 1 })
  }

  write(componentId: string, id: number, text: string): void {
    this.call(componentId, id, "Write", { text })
  }

  say(componentId: string, id: number, said: Said): void {
    this.call(componentId, id, "Say", said)
  }
}

/** The props a component is mounted with. */
export const propsOf = ({ component }: Mounting): object => (component === "Counter" ? { start: 0 } : {})
