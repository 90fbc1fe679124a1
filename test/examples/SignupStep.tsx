/** docs/react.md: a view of a part of a state. */
// #region step
import { useComponent } from "fibra/react"
import { Signup } from "./Signup.ts"

export const SignupStep = () => {
  const step = useComponent(Signup, { key: "desk" }, (state) => state.step)
  const submit = useComponent(Signup, { key: "desk" }, (_, { call }) => call.Submit)
  return <button onClick={() => submit({ address: "eve" })}>{step}</button>
}
// #endregion step
