/**
 * Recognises what nearly all connections begin with, without a schema: a session and its mounts. What is not
 * recognised is left to the schemas, which also say what is wrong with it. Keys that the schemas would remove are
 * left in; nobody reads them.
 */
import type { ConnectRequest, MountRequest } from "../../../LiveProtocol.ts"
import { isCallId, isFlag, isText } from "../FieldCheck.ts"

/** Characters of the name of a component, and of a key, as in the schemas. */
const maxName = 256
const maxKey = 4096

type Fields<A> = { readonly [Key in keyof A]?: unknown }

/** Whether a payload is one of `Connect` that begins a session. */
export const isConnect = (payload: unknown): payload is ConnectRequest => {
  if (typeof payload !== "object" || payload === null) return false
  const { inOrder, parts, resume } = payload as Fields<ConnectRequest>
  return resume === undefined && isFlag(inOrder) && isFlag(parts) && !Array.isArray(payload)
}

/** Whether a payload is one of `Mount`. Its props are not looked at. */
export const isMount = (payload: unknown): payload is MountRequest => {
  if (typeof payload !== "object" || payload === null) return false
  const { callId, component, key, presence, props, room, seal, version } = payload as Fields<MountRequest>
  return (
    isText(component, maxName) &&
    props !== undefined &&
    (version === undefined || Number.isSafeInteger(version)) &&
    (room === undefined || typeof room === "string") &&
    (key === undefined || isText(key, maxKey)) &&
    (presence === undefined || typeof presence === "string") &&
    isCallId(callId) &&
    isFlag(seal) &&
    // That would be another request, which is told by this key.
    !("token" in payload)
  )
}
