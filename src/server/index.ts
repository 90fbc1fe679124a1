/** `fibra/server`: serves components. */
export * as Authentication from "./security/Authentication.ts"
export * as Authorization from "./security/Authorization.ts"
export * as LiveConfig from "./LiveConfig.ts"
export * as LiveServer from "./LiveServer.ts"
export type { Principal } from "../Principal.ts"
export * as Principals from "./security/Principals.ts"
export * as Secrets from "./security/Secrets.ts"
export * as SnapshotStore from "./store/SnapshotStore.ts"
