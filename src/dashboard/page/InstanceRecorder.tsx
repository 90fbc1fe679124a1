/** The flight recorder of one instance. */
import type { ReactElement } from "react"
import type { LiveComponent } from "../../store/LiveComponent.ts"
import type { InstanceDetail } from "../InstanceDetail.ts"
import * as Format from "./Format.ts"

interface RecorderProps {
  readonly id: string
  readonly of: Pick<LiveComponent<typeof InstanceDetail>, "call" | "connected" | "state">
  readonly onSaid: (text: string) => void
}

/** Starts and stops it, and gives what it has. */
export const InstanceRecorder = ({ id, of: { call, connected, state }, onSaid }: RecorderProps): ReactElement => {
  const { recording } = state
  const isRecording = recording?.isRecording === true
  const file = `recordings/${encodeURIComponent(id)}`
  const toggle = () => {
    const [done, does] = isRecording
      ? (["Recording stopped.", call.StopRecording()] as const)
      : (["Recording.", call.StartRecording()] as const)
    void does.then(({ ok }) => onSaid(ok ? done : ""))
  }
  return (
    <section aria-labelledby="recorder-title">
      <h2 id="recorder-title">Flight recorder</h2>
      <p>
        {isRecording ? `Recording: ${recording.messages} messages.` : "Not recording."}
        {recording !== null && recording.crashedAt !== null && ` Crashed ${Format.day(recording.crashedAt)}.`}
      </p>
      <p className="hint">
        Keeps the last messages, without what is marked as secret. LiveTest.replay runs the file as a test.
      </p>
      <div className="actions">
        <button type="button" disabled={!connected} onClick={toggle}>
          {isRecording ? "Stop recording" : "Record"}
        </button>
        {isRecording && (
          <a href={file} download>
            Download the recording
          </a>
        )}
        {recording !== null && recording.crashedAt !== null && (
          <a href={`${file}?crash`} download>
            Download the crash
          </a>
        )}
      </div>
    </section>
  )
}
