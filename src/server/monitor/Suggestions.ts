/**
 * What would make a component cheaper, as far as there is evidence: each suggestion has the numbers that led to it, and
 * without them there is none.
 */
import * as Schema from "effect/Schema"
import type { Traffic } from "../instance/PatchTraffic.ts"
import type { Lately } from "./TimeWindow.ts"
import { shown } from "./Alerts.ts"

/** What would make a component cheaper. */
export const Suggestion = Schema.Struct({
  kind: Schema.Literals(["whole-values", "slow-handlers", "slow-publish"]),
  component: Schema.String,
  message: Schema.String,
  /** The numbers that led to it, of the last minute: bytes, milliseconds, shares and counts. */
  evidence: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))
})

/** What would make a component cheaper. */
export interface Suggestion extends Schema.Schema.Type<typeof Suggestion> {}

/** What was measured of a component lately. */
export interface Evidence extends Lately {
  readonly component: string
  readonly traffic: Traffic
  /** Bytes of the largest instance. */
  readonly largest: number
}

/** Bytes in a minute below which nothing is worth a word. */
const muchTraffic = 256 * 1024

/** The share of all bytes from which one field stands out. */
const mostly = 0.5

/** Milliseconds. */
const longWait = 100
const longRun = 50
const longPublish = 20

/** The share of the time that publishing may take. */
const muchPublishing = 0.05

/** The fewest messages and changes that say anything. */
const enough = 5

const wholeValues = ({ component, traffic: { bytes, changes, fields } }: Evidence): Suggestion | undefined => {
  if (bytes < muchTraffic || changes < enough) return undefined
  const [field, { whole }] = Array.from(fields).reduce(
    (most, other) => (other[1].whole > most[1].whole ? other : most),
    ["", { bytes: 0, whole: 0 }]
  )
  const share = whole / bytes
  if (share < mostly) return undefined
  const what = field === "" ? "the state as a whole" : `\`${field}\` as a new value`
  return {
    kind: "whole-values",
    component,
    message:
      `${shown(share, "share")} of the bytes of ${component} are ${what}: ${shown(whole, "bytes")} in the last minute. ` +
      "Send changes to the list, not a new list: keep the elements that stay, and change the one that does.",
    evidence: { field, bytes: whole, share, changes }
  }
}

const slowHandlers = ({ component, messages, run, wait }: Evidence): Suggestion | undefined =>
  messages < enough || wait < longWait || run < longRun
    ? undefined
    : {
        kind: "slow-handlers",
        component,
        message:
          `Messages to ${component} wait for ${shown(wait, "ms")}, because handlers take ${shown(run, "ms")} one after the other. ` +
          "Let a handler fork what takes long, and set the state when that is done.",
        evidence: { messages, run, wait }
      }

const slowPublish = ({ component, largest, publish, publishShare, renders }: Evidence): Suggestion | undefined =>
  renders < enough || publish < longPublish || publishShare < muchPublishing
    ? undefined
    : {
        kind: "slow-publish",
        component,
        message:
          `Publishing a change of ${component} takes ${shown(publish, "ms")}, and all of them ${shown(publishShare, "share")} of the time, in which nothing else runs; ` +
          `its largest instance holds ${shown(largest, "bytes")}. Split the state among several components, or change less of it at once.`,
        evidence: { renders, publish, share: publishShare, bytes: largest }
      }

/** What there is to say of a component. */
export const of = (evidence: Evidence): ReadonlyArray<Suggestion> =>
  [wholeValues(evidence), slowHandlers(evidence), slowPublish(evidence)].filter((each) => each !== undefined)
