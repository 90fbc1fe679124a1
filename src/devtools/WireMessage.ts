/** Messages of the RPC wire, as the devtools list them: what each is about, and what is in it, without secrets. */
import { isContainer, isList, type Json, type Obj, read } from "../Json.ts"
import type { Patch } from "../Patch.ts"
import { placeholder } from "../Redaction.ts"
import type { Secrecy } from "./Secrecy.ts"

/** A request that has no answer yet. */
export interface OpenRequest {
  readonly tag: string
  /** The component that it is about: its id or, of a mount, its name. */
  readonly of: string
  readonly action: string
  readonly callId: number | undefined
}

/** What is shown of a message. */
export interface ShownMessage {
  readonly kind: string
  /** The name of the component that it is about; empty for none. */
  readonly component: string
  readonly summary: string
  readonly body: Json
}

const text = (message: Obj, key: string): string => {
  const value = read(message, key)
  return typeof value === "string" ? value : ""
}

/** A value as an object; one without fields for anything else. */
export const objectOf = (value: Json | undefined): Obj => (isContainer(value) && !isList(value) ? value : {})

const part = (message: Obj, key: string): Obj => objectOf(read(message, key))

/** The fields of a message that are tokens, in whichever message they are. */
const tokens = ["token", "sessionToken"]

const withoutTokens = (message: Obj): Obj => {
  const shown: Record<string, Json | undefined> = { ...message }
  for (const name of tokens) if (read(message, name) !== undefined) shown[name] = placeholder
  return shown
}

/** A value in a few characters, however large it is. */
export const brief = (value: Json | undefined, length = 80): string => {
  if (value === undefined) return ""
  const pieces: Array<string> = []
  let left = length
  const add = (piece: string): void => {
    if (left < 0) return
    pieces.push(piece.length > left ? `${piece.slice(0, left)}…` : piece)
    left -= piece.length
  }
  const go = (value: Json, depth: number): void => {
    if (typeof value === "string") return add(JSON.stringify(value.length > left ? `${value.slice(0, left)}…` : value))
    if (!isContainer(value)) return add(String(value))
    const [open, close] = isList(value) ? "[]" : "{}"
    add(String(open))
    let isFirst = true
    for (const [key, inner] of isList(value) ? value.entries() : Object.entries(value)) {
      if (left < 0) break
      if (depth > 4) {
        add("…")
        break
      }
      add(`${isFirst ? "" : ", "}${isList(value) ? "" : `${String(key)}: `}`)
      isFirst = false
      if (inner !== undefined) go(inner, depth + 1)
    }
    add(String(close))
  }
  go(value, 0)
  return pieces.join("")
}

const pathOf = (path: Json | undefined): string => (isList(path) ? path.join(".") : "")

/** The steps of a patch, as one would write them. */
const describePatch = (patch: Json): string => {
  const steps = isList(patch) ? patch : []
  const shown = steps.slice(0, 4).map((step) => {
    if (!isList(step)) return ""
    const [op, path, value, count, items] = step
    const name = pathOf(path) || "state"
    if (op === "set") return `${name} = ${brief(value, 40)}`
    if (op === "unset") return `delete ${name}`
    if (op === "append") return `${name} += ${brief(value, 40)}`
    const added = isList(items) ? items.length : 0
    return `${name}: at ${String(value)} −${String(count)} +${added}`
  })
  return steps.length > 4 ? `${shown.join("; ")}; ${steps.length - 4} more` : shown.join("; ")
}

/** A request of the client. */
export const request = (message: Obj, secrecy: Secrecy): ShownMessage & { readonly open: OpenRequest } => {
  const tag = text(message, "tag")
  const payload = part(message, "payload")
  const isMount = tag === "Mount" || tag === "Rehydrate"
  const of = text(payload, isMount ? "component" : "componentId")
  const action = text(payload, "action")
  const callId = read(payload, "callId")
  const shown: Record<string, Json | undefined> = { ...withoutTokens(payload) }
  if (isMount) {
    shown["props"] = secrecy.props(of, read(payload, "props") ?? null)
    if (shown["presence"] !== undefined) shown["presence"] = placeholder
  }
  if (tag === "Call") shown["payload"] = secrecy.payload(of, action, read(payload, "payload") ?? null)
  if (tag === "Connect") {
    const resume = read(payload, "resume")
    if (resume !== undefined) shown["resume"] = withoutTokens(part(payload, "resume"))
  }
  const component = isMount ? of : of === "" ? "" : secrecy.nameOf(of)
  const key = text(payload, "key")
  const summary =
    tag === "Call" ? `${action} ${brief(shown["payload"])}` : isMount ? `${of} ${key}`.trim() : brief(shown)
  return {
    kind: tag,
    component,
    summary,
    body: shown,
    open: { tag, of, action, callId: typeof callId === "number" ? callId : undefined }
  }
}

/** An event of the server. */
export const event = (message: Obj, secrecy: Secrecy): ShownMessage => {
  const kind = text(message, "_tag")
  const id = text(message, "componentId")
  const shown: Record<string, Json | undefined> = { ...withoutTokens(message) }
  const component = id === "" ? "" : `${secrecy.nameOf(id)}${id.startsWith("@") ? " (presence)" : ""}`
  const described = (summary: string): ShownMessage => ({ kind, component, summary, body: shown })
  switch (kind) {
    case "Patched": {
      const patch = secrecy.patch(id, (read(message, "patch") ?? []) as Patch)
      shown["patch"] = patch
      return described(describePatch(patch))
    }
    case "Snapshot":
      shown["state"] = secrecy.state(id, read(message, "state") ?? null)
      return described(brief(shown["state"]))
    case "Event": {
      const name = text(message, "event")
      shown["payload"] = secrecy.event(id === "" ? undefined : id, name, read(message, "payload") ?? null)
      return described(`${name} ${brief(shown["payload"])}`)
    }
    case "Status":
      return described(text(message, "status"))
    default: {
      const { _tag, ...others } = shown
      return described(brief(others))
    }
  }
}

/** How a request has ended. `error` names what it failed with. */
export interface Outcome {
  readonly kind: "succeeded" | "failed" | "defect" | "interrupted"
  readonly error: string
  readonly value: Json
}

/** The answer to a request. */
export const outcomeOf = (exit: Obj, { action, of, tag }: OpenRequest, secrecy: Secrecy): Outcome => {
  if (text(exit, "_tag") === "Success") {
    const value = read(exit, "value") ?? null
    if (tag === "Call") return { kind: "succeeded", error: "", value: secrecy.success(of, action, value) }
    if (!isContainer(value) || isList(value)) return { kind: "succeeded", error: "", value }
    const shown: Record<string, Json | undefined> = { ...withoutTokens(value) }
    const id = text(value, "componentId")
    if (read(value, "state") !== undefined) {
      secrecy.learn(id, of)
      shown["state"] = secrecy.state(id, read(value, "state") ?? null)
    }
    return { kind: "succeeded", error: "", value: shown }
  }
  const cause = read(exit, "cause")
  const reason = objectOf(isList(cause) ? cause[0] : undefined)
  const kind = text(reason, "_tag")
  if (kind === "Interrupt") return { kind: "interrupted", error: "interrupted", value: null }
  if (kind !== "Fail") return { kind: "defect", error: "defect", value: read(reason, "defect") ?? null }
  const error = part(reason, "error")
  if (text(error, "_tag") === "ActionFailure") {
    const value = secrecy.error(of, action, read(error, "failure") ?? null)
    return { kind: "failed", error: text(objectOf(value), "_tag") || "an error of its own", value }
  }
  return { kind: "failed", error: text(part(error, "reason"), "_tag") || "LiveError", value: error }
}
