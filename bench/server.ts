/** What both servers can be asked about themselves while they are measured: their port, CPU time, heap, and a CPU profile. */
import { Session } from "node:inspector/promises"
import { setImmediate } from "node:timers/promises"
import * as ipc from "./ipc.ts"
import { type Hot, hottest } from "./profile.ts"

/** Bytes after garbage collection: in use on the heap and outside, and what the process has of the machine's memory. */
export interface Bytes {
  readonly heap: number
  readonly rss: number
}

/** What a server can be asked. */
export interface Answers extends ipc.Answers {
  readonly port: () => number
  /** CPU time so far, microseconds. */
  readonly cpu: () => number
  readonly bytes: () => Promise<Bytes>
  readonly startProfile: () => Promise<void>
  /** The functions that took the most time since `startProfile`. */
  readonly stopProfile: () => Promise<ReadonlyArray<Hot>>
}

/** Answers the bench, in the process of a server that listens on `port`. */
export const answer = (port: number): void => {
  let session: Session | undefined
  const answers: Answers = {
    port: () => port,
    cpu: () => {
      const { system, user } = process.cpuUsage()
      return user + system
    },
    bytes: async () => {
      for (let round = 0; round < 3; round++) {
        await setImmediate()
        globalThis.gc?.()
      }
      const { external, heapUsed, rss } = process.memoryUsage()
      return { heap: heapUsed + external, rss }
    },
    startProfile: async () => {
      session = new Session()
      session.connect()
      await session.post("Profiler.enable")
      await session.post("Profiler.setSamplingInterval", { interval: 200 })
      await session.post("Profiler.start")
    },
    stopProfile: async () => {
      if (session === undefined) return []
      const { profile } = await session.post("Profiler.stop")
      session.disconnect()
      return hottest(profile)
    }
  }
  ipc.answer(answers)
}
