/** What can be known of an upload from outside. */

/** An upload that is not complete. */
export interface UploadInfo {
  readonly component: string
  /** The instance it is for; undefined while its client is gone. */
  readonly instance: string | undefined
  /** Its name in the contract. */
  readonly upload: string
  /** Bytes that were declared, and bytes that are stored. */
  readonly size: number
  readonly received: number
  readonly status: "receiving" | "waiting" | "completing"
}
