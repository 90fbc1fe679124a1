/** `fibra/testing`: components in memory and in virtual time. */
export { LiveTest, type RawLink } from "./LiveTest.ts"
export type { Open } from "./Open.ts"
export { ReplayCrashed, ReplayDiffers, type ReplayError, ReplayLacksSecrets } from "./ReplayError.ts"
export type { Replay, ReplayedMessage, ReplayOptions } from "./ReplayResult.ts"
export type { ClientOptions, TestClient } from "./TestClient.ts"
