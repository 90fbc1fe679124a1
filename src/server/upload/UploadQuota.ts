/**
 * Counts the uploads that are not complete, and the bytes that they have declared: of each session, of each principal
 * (or address of anonymous clients), and in all. What is declared is kept free for it, so that nobody begins what
 * could not end.
 */
import { UploadRejected } from "../../LiveError.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** Whose upload it is. */
export interface UploadOwner {
  /** Stands for the session. */
  readonly session: object
  /** Its principal, or the address of an anonymous client. */
  readonly name: string
}

/** The place of one upload. */
export interface Reservation {
  /** The upload has ended. */
  readonly leave: () => void
}

/** The settings that limit uploads. */
export type QuotaSettings = Pick<
  LiveConfig.Settings,
  | "maxUploads"
  | "maxUploadsPerConnection"
  | "maxUploadsPerPrincipal"
  | "maxUploadBytes"
  | "maxUploadBytesPerConnection"
  | "maxUploadBytesPerPrincipal"
>

interface Count {
  uploads: number
  bytes: number
}

interface Limit {
  readonly of: string
  readonly uploads: number
  readonly bytes: number
}

/** Milliseconds after which another may have ended. */
const retryAfter = 5000

/** The uploads of one server. */
export class UploadQuota {
  readonly all: Count = { uploads: 0, bytes: 0 }
  readonly #owners = new Map<string, Count>()
  readonly #sessions = new WeakMap<object, Count>()
  readonly #limits: { readonly session: Limit; readonly owner: Limit; readonly all: Limit }

  constructor(settings: QuotaSettings) {
    this.#limits = {
      session: {
        of: "this connection",
        uploads: settings.maxUploadsPerConnection,
        bytes: settings.maxUploadBytesPerConnection
      },
      owner: { of: "you", uploads: settings.maxUploadsPerPrincipal, bytes: settings.maxUploadBytesPerPrincipal },
      all: { of: "this server", uploads: settings.maxUploads, bytes: settings.maxUploadBytes }
    }
  }

  /** Whether the server has no room for so many bytes more. */
  isFull(bytes: number): boolean {
    const { all } = this.#limits
    return this.all.uploads >= all.uploads || this.all.bytes + bytes > all.bytes
  }

  /** Takes a place for an upload of so many bytes, or says why there is none. */
  enter(upload: string, { name, session }: UploadOwner, bytes: number): Reservation | UploadRejected {
    const ofSession = this.#sessions.get(session) ?? { uploads: 0, bytes: 0 }
    const ofOwner = this.#owners.get(name) ?? { uploads: 0, bytes: 0 }
    const counts: ReadonlyArray<readonly [Count, Limit]> = [
      [ofSession, this.#limits.session],
      [ofOwner, this.#limits.owner],
      [this.all, this.#limits.all]
    ]
    for (const [count, limit] of counts) {
      if (count.uploads >= limit.uploads) {
        const detail = `as many uploads of ${limit.of} are under way as allowed, ${limit.uploads}`
        return new UploadRejected({ upload, reason: "tooMany", detail, retryAfter })
      }
      if (count.bytes + bytes > limit.bytes) {
        // Alone it would not fit either.
        const again = bytes > limit.bytes ? {} : { retryAfter }
        const detail = `uploads of ${limit.of} may have ${limit.bytes} bytes under way`
        return new UploadRejected({ upload, reason: "quota", detail, ...again })
      }
    }
    this.#owners.set(name, ofOwner)
    this.#sessions.set(session, ofSession)
    for (const [count] of counts) {
      count.uploads++
      count.bytes += bytes
    }
    let hasLeft = false
    return {
      leave: () => {
        if (hasLeft) return
        hasLeft = true
        for (const [count] of counts) {
          count.uploads--
          count.bytes -= bytes
        }
        if (ofOwner.uploads === 0) this.#owners.delete(name)
      }
    }
  }
}
