/**
 * The error of requests whose connection was lost before their answer came: an `RpcClientError` as others see it, without
 * the schemas of one, which a page has no use for.
 */
import type { RpcClientError } from "effect/rpc/RpcClientError"

/** There is no answer, because there is no connection any more. */
export const connectionLost = (): RpcClientError => {
  const message = "The connection was lost"
  const reason = { _tag: "RpcClientDefect", message }
  return Object.assign(new Error(`${reason._tag}: ${message}`), { _tag: "RpcClientError", reason }) as never
}
