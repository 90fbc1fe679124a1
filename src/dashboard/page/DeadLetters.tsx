/** The messages that were dropped instead of handled. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { DeadLetterTable } from "../DeadLetterTable.ts"
import * as Format from "./Format.ts"
import { Grid } from "./Grid.tsx"

/** The latest dead letters. */
export const DeadLetters = (): ReactElement => {
  const table = useComponent(DeadLetterTable)
  const { rows, total } = table.state
  return (
    <>
      <LiveStatus of={table} className="live" />
      <p className="hint">
        The latest {rows.length} of {Format.number(total)} since the process began. Payloads are shown without their
        values.
      </p>
      <Grid
        title="Dead letters"
        columns={[
          { title: "Time", render: ({ at }) => Format.day(at) },
          { title: "Actor", render: ({ actor }) => actor },
          { title: "Message", render: ({ tag }) => tag },
          { title: "Reason", render: ({ reason }) => reason },
          { title: "Payload", render: ({ shape }) => <code>{shape}</code> }
        ]}
        rows={rows.map((row, index) => ({ ...row, number: total - index }))}
        idOf={({ number }) => number}
        empty="No message was dropped."
      />
    </>
  )
}
