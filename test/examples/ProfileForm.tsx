/** docs/react.md: a form that is checked by the server while it is filled in. */
// #region form
import { useComponent, useField } from "fibra/react"
import { Profile } from "./Profile.ts"

export const ProfileForm = () => {
  const profile = useComponent(Profile)
  const name = useField(profile, "name", { debounce: "300 millis" }) // SetName takes it
  const about = useField(profile, "about", { commit: "manual", action: "Describe" })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void about.commit()
      }}
    >
      <input aria-label="Name" aria-invalid={name.error !== undefined} {...name.input} />
      {name.error && <p role="alert">{name.error._tag === "NameTaken" ? "Taken." : name.error.message}</p>}
      <textarea aria-label="About" {...about.input} />
      <button disabled={!about.isDirty || about.pending}>Save</button>
    </form>
  )
}
// #endregion form
