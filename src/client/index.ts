/** `fibra/client`: mounts components of a live server, in Node and in a browser. */
export type { CallOptions } from "./ActionCaller.ts"
export type { ActivationKind } from "./Mounter.ts"
export * as Link from "./Link.ts"
export { LiveClient, type MountOptions } from "./LiveClient.ts"
export type { Calls, LiveHandle } from "./LiveHandle.ts"
export * as StateCache from "./StateCache.ts"
export type { ComponentSnapshot, ComponentSnapshotOf } from "./ComponentSnapshot.ts"
