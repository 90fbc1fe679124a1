/** The state of one instance, at first without its values. */
import { type ReactElement, useState } from "react"
import type { LiveComponent } from "../../store/LiveComponent.ts"
import type { InstanceDetail } from "../InstanceDetail.ts"
import { Grid } from "./Grid.tsx"

interface Revealed {
  readonly text: string
  readonly revision: number
  readonly isCut: boolean
}

interface StateProps {
  readonly of: Pick<LiveComponent<typeof InstanceDetail>, "call" | "connected" | "state">
}

/** Its fields; their values when somebody asks for them. */
export const InstanceState = ({ of: { call, connected, state } }: StateProps): ReactElement => {
  const [revealed, setRevealed] = useState<Revealed>()
  const reveal = () =>
    void call.Reveal().then((revealing) => {
      if (revealing.ok) setRevealed(revealing.value)
    })
  return (
    <section aria-labelledby="state-title">
      <h2 id="state-title">State</h2>
      <Grid
        title="Fields of the state"
        columns={[
          { title: "Field", render: ({ name }) => <code>{name}</code> },
          { title: "Holds", render: ({ shape }) => shape }
        ]}
        rows={state.shape}
        idOf={({ name }) => name}
        empty="The state has no fields."
      />
      <p className="hint">Values are not shown. Revealing them is written to the log of the server.</p>
      <div className="actions">
        <button type="button" disabled={!connected} onClick={reveal}>
          {revealed === undefined ? "Reveal" : "Reveal again"}
        </button>
        {revealed !== undefined && (
          <button type="button" onClick={() => setRevealed(undefined)}>
            Hide
          </button>
        )}
      </div>
      {revealed !== undefined && (
        <>
          <p>
            Revision {revealed.revision}
            {revealed.isCut && ", the beginning of it"}
          </p>
          <pre tabIndex={0} aria-label="Values of the state">
            {revealed.text}
          </pre>
        </>
      )}
    </section>
  )
}
