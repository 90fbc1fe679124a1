/** `fibra/server`: serves components. */
export * as Authentication from "./Authentication.ts"
export * as Authorization from "./Authorization.ts"
export * as LiveConfig from "./LiveConfig.ts"
export * as LiveServer from "./LiveServer.ts"
export type { Principal } from "../Principal.ts"
export * as Principals from "./Principals.ts"
export * as Secrets from "./Secrets.ts"
export * as SnapshotStore from "./SnapshotStore.ts"
