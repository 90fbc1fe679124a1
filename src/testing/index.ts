/** `fibra/testing`: components in memory and in virtual time. */
export { LiveTest, type RawLink } from "./LiveTest.ts"
export type { Open } from "./Open.ts"
export type { ClientOptions, TestClient } from "./TestClient.ts"
