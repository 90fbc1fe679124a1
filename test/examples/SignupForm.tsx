/** docs/react.md: a form that waits for the answer of a call. */
// #region form
import { Exit } from "effect"
import { LiveStatus, useComponent, useEvent } from "fibra/react"
import { type FormEvent, useState } from "react"
import { Signup } from "./Signup.ts"

export const SignupForm = () => {
  const signup = useComponent(Signup)
  const [address, setAddress] = useState("")
  const [sentTo, setSentTo] = useState<string>()
  useEvent(signup, "Sent", ({ address }) => setSentTo(address))

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const exit = await signup.call.Submit({ address }) // never rejects
    if (Exit.isSuccess(exit)) setAddress("")
  }

  return (
    <form onSubmit={submit}>
      <input aria-label="Address" value={address} onChange={(event) => setAddress(event.currentTarget.value)} />
      <button disabled={!signup.connected || signup.state.step === "sending"}>Sign up</button>
      <LiveStatus of={signup} text={{ offline: "No connection." }} />
      {sentTo !== undefined && <p>A mail is on its way to {sentTo}.</p>}
      {signup.error && <p role="alert">{signup.error._tag === "AddressTaken" ? "Taken." : signup.error.message}</p>}
    </form>
  )
}
// #endregion form
