/** The client of a page, which several need and none owns. */
import type * as Effect from "effect/Effect"
import type { ReplicaSource } from "../client/ReplicaOpener.ts"
import type { RefCounted } from "./RefCounted.ts"

/** A client that exists while somebody needs it. Building it may take a moment. */
export type SharedClient = Pick<RefCounted<Effect.Effect<ReplicaSource>>, "retain">
