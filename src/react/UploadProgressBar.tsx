/** Shows how far an upload is, to eyes and to screen readers, which are told how it has ended. */
import type { ReactElement } from "react"
import type { UploadingFile } from "../store/UploadList.ts"

/** What is said in each status; nothing while bytes are sent. */
export interface UploadText {
  readonly waiting: string
  readonly paused: string
  readonly completing: string
  readonly completed: string
  readonly cancelled: string
}

const text: UploadText = {
  waiting: "Waiting …",
  paused: "Paused.",
  completing: "Checking …",
  completed: "Uploaded.",
  cancelled: "Cancelled."
}

/** What `UploadProgressBar` shows. */
export interface UploadProgressBarProps {
  readonly of: Pick<UploadingFile, "error" | "name" | "progress" | "status">
  /** Names the bar; by default the name of the file. */
  readonly label?: string | undefined
  /** Other texts, or another language. */
  readonly text?: Partial<UploadText> | undefined
  readonly className?: string | undefined
}

/** A progress bar, and a live region that is empty while bytes are sent. `data-upload` has the status for style sheets. */
export const UploadProgressBar = ({ className, label, of, text: own }: UploadProgressBarProps): ReactElement => {
  const { error, name, progress, status } = of
  const percent = `${Math.floor(progress * 100)} %`
  const said = error?.message ?? (status in text ? { ...text, ...own }[status as keyof UploadText] : null)
  return (
    <div className={className} data-upload={status}>
      <progress aria-label={label ?? name} aria-valuetext={percent} max={1} value={progress} />
      <span role="status">{said}</span>
    </div>
  )
}
