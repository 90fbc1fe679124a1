/** The requests of a client, as functions, over the protocol of its connection. */
import * as Effect from "effect/Effect"
import * as RpcClient from "effect/rpc/RpcClient"
import * as Tracer from "effect/Tracer"
import { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import { LiveProtocol, type MountRequest, type RehydrateRequest, type UploadStartRequest } from "../LiveProtocol.ts"

const LiveRequests = LiveProtocol.omit("Connect", "Received")

/** The requests a client may make. */
export type LiveRequests = Effect.Success<ReturnType<typeof makeRequests>>

/** Where a tracer is set, each request is a span, and the server links its spans to it. */
export const makeRequests = (tracer: Tracer.Tracer) =>
  Effect.map(
    RpcClient.make(LiveRequests, { disableTracing: tracer === Tracer.nativeTracer, spanPrefix: "LiveClient" }),
    ({ Call, Mount, Ping, Rehydrate, Resync, Unmount, UploadCancel, UploadComplete, UploadStart }) => ({
      Call,
      Ping,
      Mount: (request: MountRequest) => patiently(Mount(request)),
      Rehydrate: (request: RehydrateRequest) => patiently(Rehydrate(request)),
      Resync: (request: { readonly componentId: ComponentId }) => patiently(Resync(request)),
      Unmount: (request: { readonly componentId: ComponentId }) => patiently(Unmount(request)),
      UploadStart: (request: UploadStartRequest) => patiently(UploadStart(request)),
      UploadComplete: (request: { readonly uploadId: string }) => patiently(UploadComplete(request)),
      UploadCancel: (request: { readonly uploadId: string }) => patiently(UploadCancel(request))
    })
  )

/**
 * Mounts, unmounts, resyncs and uploads wait and try again when they are too many at once. Calls do not: whoever makes a call
 * decides, since a later one may have run meanwhile.
 */
const patiently = <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  request.pipe(
    Effect.catch((error) =>
      error instanceof LiveError && error.reason._tag === "RateLimited"
        ? Effect.andThen(Effect.sleep(error.reason.retryAfter), patiently(request))
        : Effect.fail(error)
    )
  )
