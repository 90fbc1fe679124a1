/** What every wire under test has in common: how a client asks for the same things, and what it reads out of the answers. */

/** What a wire tells a client. */
export interface Reader {
  readonly mounted: (componentId: string, revision: number) => void
  /** The state of revision `revision` is in; `count` is what a counter says. */
  readonly changed: (revision: number, count: number | undefined) => void
  /** The event of this id was said in the room. */
  readonly heard: (id: number) => void
  readonly answered: () => void
  readonly failed: (why: string) => void
  /** The good-bye has arrived. */
  readonly left: () => void
  readonly send: (text: string) => void
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
  readonly increment: (componentId: string, id: number) => void
  readonly write: (componentId: string, id: number, text: string) => void
  readonly say: (componentId: string, id: number, said: Said) => void
  /** Says good-bye, if that is a thing to say; false when it is not. */
  readonly leave: () => boolean
  readonly read: (text: string) => void
}

/** What is said in a room; the id is no other's. */
export interface Said {
  readonly id: number
  readonly text: string
}
