/** One instance: how it is, and what can be done with it. */
import { type ReactElement, useRef, useState } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { InstanceDetail, type InstanceDetailReport } from "../InstanceDetail.ts"
import { Badge } from "./Badge.tsx"
import { Fact, Facts } from "./Facts.tsx"
import * as Format from "./Format.ts"
import { Grid } from "./Grid.tsx"
import { InstanceRecorder } from "./InstanceRecorder.tsx"
import { InstanceState } from "./InstanceState.tsx"
import { toInstances } from "./Route.ts"

const ReportFacts = ({ of: report }: { readonly of: InstanceDetailReport }): ReactElement => (
  <>
    <Facts>
      <Fact name="Status">
        <Badge of={report.status} />
      </Fact>
      <Fact name="Health">
        <Badge of={report.health} />
      </Fact>
      <Fact name="Component">
        <a href={toInstances({ text: report.component })}>{report.component}</a> v{report.version}
      </Fact>
      <Fact name="Key">{report.key ?? "private"}</Fact>
      <Fact name="Principal">{report.principal ?? "none"}</Fact>
      <Fact name="Placement">{report.placement}</Fact>
      <Fact name="Rooms">{report.rooms.length === 0 ? "none" : report.rooms.join(", ")}</Fact>
      <Fact name="Created">{Format.day(report.created)}</Fact>
      <Fact name="Last message">{Format.day(report.accessed)}</Fact>
      <Fact name="Life and revision">
        {report.epoch}, {Format.number(report.revision)}
      </Fact>
      <Fact name="Readers">
        {report.readers}, {report.away} away, {report.behind} changes behind
      </Fact>
      <Fact name="Bytes">{Format.bytes(report.bytes)}</Fact>
    </Facts>
    <h2>Mailbox and messages</h2>
    <Facts>
      <Fact name="Waiting">
        {report.mailbox}
        {report.mailbox > 0 && `, the oldest for ${Format.millis(report.oldest)}`}
      </Fact>
      <Fact name="Running">
        {report.running === null ? "nothing" : `${report.running.tag} for ${Format.millis(report.running.millis)}`}
      </Fact>
      <Fact name="Actions">{Format.number(report.actions)}</Fact>
      <Fact name="Typed errors">{Format.number(report.failures)}</Fact>
      <Fact name="Crashes">{Format.number(report.crashes)}</Fact>
      <Fact name="Ran too long">{Format.number(report.timeouts)}</Fact>
      <Fact name="Restarts">{Format.number(report.restarts)}</Fact>
      <Fact name="Updates">{Format.number(report.updates)}</Fact>
      <Fact name="Changes published">{Format.number(report.renders)}</Fact>
    </Facts>
  </>
)

interface TimesOf {
  readonly name: string
  readonly times: InstanceDetailReport["run"]
}

const timeColumns = (["average", "p50", "p95", "p99", "max"] as const).map((of) => ({
  title: of,
  isNumber: true,
  render: ({ times }: TimesOf) => Format.millis(times[of])
}))

/** The instance of this id. */
export const Instance = ({ id }: { readonly id: string }): ReactElement => {
  const detail = useComponent(InstanceDetail, { props: { id } })
  const { call, connected, error, state } = detail
  const { isKnown, report } = state
  const [said, setSaid] = useState("")
  const stopping = useRef<HTMLDialogElement>(null)
  const act = (done: string, does: Promise<{ readonly ok: boolean }>) =>
    void does.then(({ ok }) => setSaid(ok ? done : ""))
  return (
    <>
      <LiveStatus of={detail} className="live" />
      <p className="id">{id}</p>
      {isKnown && report === null && <p role="alert">This instance does not run.</p>}
      {report !== null && (
        <>
          {report.reasons.length > 0 && (
            <ul className="reasons" aria-label="Reasons">
              {report.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          )}
          <div className="actions" role="group" aria-label="What can be done">
            <button type="button" disabled={!connected} onClick={() => act("Restarted.", call.Restart())}>
              Restart
            </button>
            <button type="button" disabled={!connected} onClick={() => stopping.current?.showModal()}>
              Stop …
            </button>
          </div>
          <dialog ref={stopping} aria-labelledby="stop-title">
            <h2 id="stop-title">Stop this instance?</h2>
            <p>
              It handles what it has begun, and ends. Its clients see that it has stopped; a private one is gone for
              them.
            </p>
            <form method="dialog" className="actions">
              <button type="submit">Cancel</button>
              <button type="submit" className="danger" onClick={() => act("Stopped.", call.Stop())}>
                Stop
              </button>
            </form>
          </dialog>
          <ReportFacts of={report} />
          <Grid
            title="Times"
            columns={[{ title: "Times", render: ({ name }: TimesOf) => name }, ...timeColumns]}
            rows={[
              { name: "Handlers", times: report.run },
              { name: "Waiting", times: report.wait },
              { name: "Publishing", times: report.publish }
            ]}
            idOf={({ name }) => name}
            empty=""
          />
          <InstanceRecorder id={id} of={detail} onSaid={setSaid} />
          <InstanceState of={detail} />
        </>
      )}
      <p role="status" className="said">
        {said}
      </p>
      {error !== undefined && <p role="alert">{error.message}</p>}
    </>
  )
}
