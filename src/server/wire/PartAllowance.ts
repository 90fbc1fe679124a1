/**
 * What the parts of files cost: of those that are stored, the bytes are limited, and not how many they are. Anything
 * else counts as a message, and so does a part that is hardly larger than one.
 */
import type { Connection } from "../transport/Connection.ts"

/** Bytes from which a part is worth more than the message it comes in. */
const leastPart = 4096

/** 0: a part may be handled; otherwise it may be sent again after so many milliseconds. `isNext`: its upload waits for it. */
export const wait = (connection: Connection, isNext: boolean, bytes: number): number =>
  isNext && bytes >= leastPart ? 0 : connection.spend()
