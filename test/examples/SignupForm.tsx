/** docs/react.md: a form that waits for the answer of a call. */
// #region form
import { LiveStatus, useAction, useComponent, useEvent } from "fibra/react"
import { type FormEvent, useState } from "react"
import { Signup } from "./Signup.ts"

export const SignupForm = () => {
  const signup = useComponent(Signup)
  const submit = useAction(signup, "Submit")
  const [address, setAddress] = useState("")
  const [sentTo, setSentTo] = useState<string>()
  useEvent(signup, "Sent", ({ address }) => setSentTo(address))

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault()
    const { ok } = await submit.run({ address }) // never rejects
    if (ok) setAddress("")
  }

  return (
    <form onSubmit={onSubmit}>
      <input aria-label="Address" value={address} onChange={(event) => setAddress(event.currentTarget.value)} />
      <button disabled={!signup.connected || submit.pending}>Sign up</button>
      <LiveStatus of={signup} text={{ reconnecting: "No connection." }} />
      {sentTo !== undefined && <p>A mail is on its way to {sentTo}.</p>}
      {submit.error && <p role="alert">{submit.error._tag === "AddressTaken" ? "Taken." : submit.error.message}</p>}
    </form>
  )
}
// #endregion form
