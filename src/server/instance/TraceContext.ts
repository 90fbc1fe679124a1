/**
 * The trace that a message of a client belongs to, as W3C Trace Context has it. What is not valid is as if it were not
 * there: no message is refused for its trace.
 */

/** A span of a client. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  /** Whether the client records the trace. */
  readonly sampled: boolean
}

const isId = (value: unknown, length: number): value is string =>
  typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value) && !/^0+$/.test(value)

/** The trace of a request of effect/rpc. */
export const ofRequest = ({
  sampled,
  spanId,
  traceId
}: {
  readonly traceId?: unknown
  readonly spanId?: unknown
  readonly sampled?: unknown
}): TraceContext | undefined =>
  isId(traceId, 32) && isId(spanId, 16) ? { traceId, spanId, sampled: sampled !== false } : undefined

/** The trace of a `traceparent`. */
export const ofHeader = (header: string): TraceContext | undefined => {
  const [version, traceId, spanId, flags] = header.split("-")
  if (!/^[0-9a-f]{2}$/.test(version ?? "") || version === "ff" || !/^[0-9a-f]{2}$/.test(flags ?? "")) return undefined
  return ofRequest({ traceId, spanId, sampled: (Number.parseInt(flags ?? "", 16) & 1) === 1 })
}
