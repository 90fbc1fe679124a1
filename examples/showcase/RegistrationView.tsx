// #region view
import { type ReactNode, useId } from "react"
import { type InputField, LiveStatus, useAction, useComponent, useField } from "fibra/react"
import { Registration } from "../registration/Registration.ts"

export const RegistrationView = ({ children }: { readonly children?: ReactNode }) => {
  const form = useComponent(Registration, { cacheKey: "mine" })
  // What is typed is kept in this tab until the server has taken it: also what it refuses outlives a reload.
  const name = useField(form, "name", { keep: "registration" })
  const email = useField(form, "email", { keep: "registration" })
  const register = useAction(form, "Register")
  const heading = useId()
  const { number } = form.state
  const submit = async () => {
    // Both are asked: each says what is wrong with it.
    const [hasName, hasEmail] = await Promise.all([name.commit(), email.commit()])
    if (hasName && hasEmail) await register.run()
  }
  return (
    <section className="card wide" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>A form</h2>
        <LiveStatus of={form} className="status" />
      </div>
      <p className="about">
        The server checks each field while it is typed. Try the name “Ada”, then reload the page: nothing is lost.
      </p>
      {number === null ? (
        <form className="fields" action={submit} noValidate>
          <Field label="Name" field={name} autoComplete="nickname" />
          <Field label="Address" field={email} type="email" autoComplete="email" />
          <div className="buttons">
            <button disabled={!form.connected || register.pending}>Register</button>
          </div>
          {register.error && (
            <p role="alert" className="error">
              {register.error.message}
            </p>
          )}
        </form>
      ) : (
        <>
          <p role="status">
            {form.state.name} is registered, as number {number}.
          </p>
          <div className="buttons">
            <button className="quiet" disabled={!form.connected} onClick={() => form.call.StartOver()}>
              Register another
            </button>
          </div>
        </>
      )}
      {children}
    </section>
  )
}

interface FieldProps {
  readonly label: string
  readonly field: InputField<string, Error>
  readonly type?: "email"
  readonly autoComplete: string
}

const Field = ({ autoComplete, field: { error, input, pending }, label, type }: FieldProps) => {
  const problem = useId()
  return (
    <label className="field">
      <span>
        {label} {pending && <small>is being checked</small>}
      </span>
      <input
        {...input}
        type={type}
        autoComplete={autoComplete}
        aria-invalid={error !== undefined}
        aria-describedby={problem}
      />
      {/* It has its place also when there is none: a button that moves while it is pressed is not clicked. */}
      <span id={problem} className="problem">
        {error?.message}
      </span>
    </label>
  )
}
// #endregion view
