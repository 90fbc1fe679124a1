/** What a page that was rendered on a server carries, as JSON, so that its browser takes up what is mounted there. */
import type { Json } from "./Json.ts"
import type { Mounted } from "./ServerMessages.ts"

/** A component that a server has mounted for a page. */
export interface SsrComponent extends Mounted {
  readonly component: string
  readonly version: number
  readonly props: Json
  readonly key?: string
  readonly room?: string
  /** Of a private instance: brings the state back when its session is gone. */
  readonly token?: string
}

/** What a page carries. It is its visitor's alone: whoever has it may take up the session. */
export interface SsrData {
  /** The token of the session; left out where nothing waits for the page. */
  readonly session?: string
  readonly components: ReadonlyArray<SsrComponent>
}

/** The id of the script element that has it. */
export const ssrElementId = "fibra-ssr"
