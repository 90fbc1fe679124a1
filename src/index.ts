/** `fibra`: the contract of components, safe in a browser. */
export type { Caller } from "./Caller.ts"
export * as Component from "./Component.ts"
export {
  CallExpired,
  ComponentCrashed,
  ComponentFaulted,
  ContractMismatch,
  Disconnected,
  Draining,
  InstanceStopped,
  LiveError,
  LiveErrorReason,
  ComponentMailboxFull,
  NotAllowed,
  NotInRoom,
  PayloadRejected,
  PropsRejected,
  RateLimited,
  RoomRejected,
  SnapshotRejected,
  TokenRejected,
  TokenRejection,
  TooManyComponents,
  TooManyRooms,
  UnknownAction,
  UnknownComponent,
  VersionMismatch
} from "./LiveError.ts"
export * as JsonProtocol from "./JsonProtocol.ts"
export { ComponentId, ConnectionId } from "./LiveId.ts"
export * as LiveProtocol from "./LiveProtocol.ts"
export * as Migration from "./Migration.ts"
export * as Patch from "./Patch.ts"
export * as Presence from "./Presence.ts"
export type { Principal } from "./Principal.ts"
