/** `fibra`: the contract of components, safe in a browser. */
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
  MailboxFull,
  NotAllowed,
  PayloadRejected,
  PropsRejected,
  SnapshotRejected,
  TokenRejected,
  TokenRejection,
  TooManyComponents,
  UnknownAction,
  UnknownComponent,
  VersionMismatch
} from "./LiveError.ts"
export { ComponentId, ConnectionId } from "./LiveId.ts"
export * as LiveProtocol from "./LiveProtocol.ts"
export * as Migration from "./Migration.ts"
export * as Patch from "./Patch.ts"
