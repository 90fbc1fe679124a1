/** The requests of a client, as functions, over the protocol of its connection. */
import * as Effect from "effect/Effect"
import * as RpcClient from "effect/rpc/RpcClient"
import { RpcClientDefect, RpcClientError } from "effect/rpc/RpcClientError"
import * as Tracer from "effect/Tracer"
import { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import { LiveProtocol, type MountRequest, type RehydrateRequest, type UploadStartRequest } from "../LiveProtocol.ts"
import { sizeOf } from "./FrameQueue.ts"
import type { PacedKind, PacedRequest, Pacer } from "./Pacer.ts"

const LiveRequests = LiveProtocol.omit("Connect", "Received")

/** The requests a client may make. */
export type LiveRequests = Effect.Success<ReturnType<typeof makeRequests>>

/** Where a tracer is set, each request is a span, and the server links its spans to it. */
export const makeRequests = (tracer: Tracer.Tracer, pacer: Pacer) =>
  Effect.map(
    RpcClient.make(LiveRequests, { disableTracing: tracer === Tracer.nativeTracer, spanPrefix: "LiveClient" }),
    ({ Call, Mount, Ping, Rehydrate, Resync, Unmount, UploadCancel, UploadComplete, UploadStart }) => {
      const paced =
        <Request extends object, A, E>(kind: PacedKind, make: (request: Request) => Effect.Effect<A, E>) =>
        (request: Request) =>
          inTurn(pacer, kind, sizeOf(JSON.stringify(request)) + envelope, make(request))
      return {
        /** Calls are paced by `ActionCaller`, which keeps their order. */
        Call,
        Ping,
        Mount: paced("mount", (request: MountRequest) => Mount(request)),
        Rehydrate: paced("mount", (request: RehydrateRequest) => Rehydrate(request)),
        Resync: paced("message", (request: { readonly componentId: ComponentId }) => Resync(request)),
        // Its mount has paid for it.
        Unmount: (request: { readonly componentId: ComponentId }) => patiently(pacer, "message", Unmount(request)),
        UploadStart: paced("message", (request: UploadStartRequest) => UploadStart(request)),
        UploadComplete: paced("message", (request: { readonly uploadId: string }) => UploadComplete(request)),
        UploadCancel: paced("message", (request: { readonly uploadId: string }) => UploadCancel(request))
      }
    }
  )

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

const connectionLost = (): RpcClientError =>
  new RpcClientError({ reason: new RpcClientDefect({ message: "The connection was lost", cause: undefined }) })

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
