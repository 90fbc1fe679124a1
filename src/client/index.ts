/** `fibra/client`: mounts components of a live server, in Node and in a browser. */
export * as Link from "./Link.ts"
export { LiveClient, type MountOptions } from "./LiveClient.ts"
export type { Calls, LiveHandle } from "./LiveHandle.ts"
