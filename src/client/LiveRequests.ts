/** The requests of a client, as functions. */
import * as Effect from "effect/Effect"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import * as Schema from "effect/Schema"
import { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { CallRequest, MountRequest, RehydrateRequest } from "../LiveProtocol.ts"
import { ActionFailure, Mounted, Pong, Unmounted } from "../ServerMessages.ts"
import { connectionLost } from "./ConnectionLost.ts"
import { sizeOf } from "./FrameQueue.ts"
import type { OpenRequests } from "./OpenRequests.ts"
import type { PacedKind, PacedRequest, Pacer } from "./Pacer.ts"

/** The requests a client may make. */
export type LiveRequests = ReturnType<typeof makeRequests>

/** The requests of this client. */
export const makeRequests = (open: OpenRequests, pacer: Pacer) => {
  const call = open.kind({ tag: "Call", success: Schema.Json, error: Schema.Union([LiveError, ActionFailure]) })
  const ping = open.kind({ tag: "Ping", success: Pong, error: Schema.Never })
  const unmount = ask<{ readonly componentId: ComponentId }, typeof Unmounted.Type>(open, "Unmount", Unmounted)
  return {
    /** Calls are paced by `ActionCaller`, which keeps their order. */
    Call: (request: CallRequest) => call(request),
    Ping: () => ping(null),
    Mount: paced(pacer, "mount", ask<MountRequest, Mounted>(open, "Mount", Mounted)),
    Rehydrate: paced(pacer, "mount", ask<RehydrateRequest, Mounted>(open, "Rehydrate", Mounted)),
    Resync: paced(pacer, "message", ask<{ readonly componentId: ComponentId }, void>(open, "Resync", Schema.Void)),
    // Its mount has paid for it.
    Unmount: (request: { readonly componentId: ComponentId }) => patiently(pacer, "message", unmount(request))
  }
}

/** A request that the server may refuse. */
export const ask = <Payload, A>(open: OpenRequests, tag: string, success: Schema.Codec<A, unknown>) =>
  open.kind({ tag, success, error: LiveError }) as (payload: Payload) => Effect.Effect<A, LiveError | RpcClientError>

/** A request that waits for its turn. */
export const paced =
  <Request extends object, A, E>(pacer: Pacer, kind: PacedKind, make: (request: Request) => Effect.Effect<A, E>) =>
  (request: Request): Effect.Effect<A, E | RpcClientError> =>
    inTurn(pacer, kind, sizeOf(JSON.stringify(request)) + envelope, make(request))

/** What a request counts for besides its payload. */
const envelope = 512

/** Waits for the turn of a request, and makes it. */
const inTurn = <A, E, R>(
  pacer: Pacer,
  kind: PacedKind,
  size: number,
  request: Effect.Effect<A, E, R>
): Effect.Effect<A, E | RpcClientError, R> => {
  const turn = Effect.suspend(() =>
    pacer.take(kind, size) ? request : Effect.andThen(wait(pacer, kind, size), request)
  )
  return patiently(pacer, kind, turn)
}

const wait = (pacer: Pacer, kind: PacedKind, size: number): Effect.Effect<void, RpcClientError> =>
  Effect.callback((resume) => {
    const waiting: PacedRequest = {
      kind,
      size,
      id: Infinity,
      resume: (goes) => resume(goes ? Effect.void : Effect.fail(connectionLost()))
    }
    pacer.add(waiting)
    return Effect.sync(() => pacer.drop(waiting))
  })

/** What the server has refused did not run, and is made again. */
const patiently = <A, E, R>(pacer: Pacer, kind: PacedKind, request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  request.pipe(
    Effect.catch((error) => {
      if (!(error instanceof LiveError) || error.reason._tag !== "RateLimited") return Effect.fail(error)
      const { retryAfter } = error.reason
      pacer.refused(kind, retryAfter)
      return Effect.andThen(Effect.sleep(retryAfter), patiently(pacer, kind, request))
    })
  )
