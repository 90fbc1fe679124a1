/** A word that says how something is. Its colour says the same. */
import type { ReactElement } from "react"

const tones: { readonly [word: string]: string } = {
  running: "good",
  healthy: "good",
  recovered: "good",
  restarting: "note",
  degraded: "note",
  active: "bad",
  faulted: "bad",
  unhealthy: "bad",
  crashed: "bad",
  killed: "bad",
  interrupted: "note"
}

/** A word. */
export const Badge = ({ of }: { readonly of: string }): ReactElement => (
  <span className="badge" data-tone={tones[of] ?? "plain"}>
    {of}
  </span>
)
