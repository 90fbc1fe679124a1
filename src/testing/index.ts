/** `fibra/testing`: components in memory and in virtual time. */
export { LiveTest, type Open, type RawLink } from "./LiveTest.ts"
export type { ClientOptions, TestClient } from "./TestClient.ts"
