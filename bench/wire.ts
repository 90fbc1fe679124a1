/** What every wire under test has in common: how a client asks for the same things, and what it reads out of the answers. */

/** What a wire tells a client. */
export interface Reader {
  readonly mounted: (revision: number) => void
  /** The state of revision `revision` is in; `count` is what a counter says. */
  readonly changed: (revision: number, count: number | undefined) => void
  /** The event of this id was said in the room. */
  readonly heard: (id: number) => void
  readonly answered: () => void
  readonly failed: (why: string) => void
  /** The good-bye has arrived. */
  readonly left: () => void
  /** Sends a text, or a frame that was made before. */
  readonly send: (message: string | Buffer) => void
}

/** What is to be mounted. */
export interface Mounting {
  readonly component: "Counter" | "Board" | "Talk"
  /** The same for all makes it one shared instance. */
  readonly key?: string
  /** Where it speaks. */
  readonly room?: string
}

/** One client's end of a wire. */
export interface Wire {
  readonly mount: (mounting: Mounting) => void
  /** Asks for one more; the ids of what is asked are 0, 1, 2 and so on. */
  readonly increment: (id: number) => void
  readonly write: (id: number, text: string) => void
  readonly say: (id: number, said: Said) => void
  /** Says good-bye, if that is a thing to say; false when it is not. */
  readonly leave: () => boolean
  /** Reads a message, in the bytes from `start` to `end`. */
  readonly read: (bytes: Buffer, start: number, end: number) => void
}

/** What is said in a room; the id is no other's. */
export interface Said {
  readonly id: number
  readonly text: string
}

/** The props a component is mounted with. */
export const propsOf = ({ component }: Mounting): object => (component === "Counter" ? { start: 0 } : {})
