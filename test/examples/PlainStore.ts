/** A component as a plain store: for docs/anywhere.md and its test. */
// #region store
import { type LiveStore, statusText } from "fibra/store"
import { Counter } from "../../examples/counter/Counter.ts"

export const showCounter = (page: LiveStore, output: HTMLElement, button: HTMLButtonElement): (() => void) => {
  const counter = page.component(Counter, { props: { start: 0 }, key: "everyone" })
  const increment = counter.action("Increment")
  const draw = () => {
    const { connected, state, status } = counter.getSnapshot()
    const { error, pending } = increment.getSnapshot()
    output.textContent = `${state.count} ${statusText(status)}`
    if (error) output.textContent = error._tag === "LimitReached" ? `No further than ${error.max}.` : error.message
    button.disabled = !connected || pending
  }
  button.onclick = () => increment.run({ by: 50 }) // never rejects
  const stops = [counter.subscribe(draw), increment.subscribe(draw)] // mounts
  draw()
  return () => stops.forEach((stop) => stop()) // unmounts soon
}
// #endregion store
