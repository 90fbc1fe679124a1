/** `fibra/server`: serves components. */
export * as LiveConfig from "./LiveConfig.ts"
export * as LiveServer from "./LiveServer.ts"
