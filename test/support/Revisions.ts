/** Follows the frames a client gets, and complains of a change that does not follow the one before it. */

interface Message {
  readonly _tag: string
  readonly tag?: string
  readonly values?: ReadonlyArray<ServerEvent>
  readonly exit?: { readonly value?: unknown }
}

interface ServerEvent {
  readonly _tag: string
  readonly componentId: string
  readonly epoch: number
  readonly revision: number
  readonly from?: number
  readonly index: number
}

interface ResumePoint {
  readonly epoch: number
  revision: number
  index: number
}

/** The changes of every component, as one client is told of them. */
export class Revisions {
  readonly complaints: Array<string> = []
  readonly #places = new Map<string, ResumePoint>()

  readonly onFrame = (from: "client" | "server", text: string): void => {
    const frame = JSON.parse(text) as Message | ReadonlyArray<Message>
    for (const message of Array.isArray(frame) ? (frame as ReadonlyArray<Message>) : [frame as Message]) {
      if (from === "client") {
        if (message.tag === "Resync") this.complaints.push("the client missed something")
      } else {
        for (const event of message.values ?? []) this.#event(event)
        if (isMounted(message.exit?.value)) this.#start(message.exit.value)
      }
    }
  }

  #start({ componentId, epoch, index, revision }: ServerEvent): void {
    const place = this.#places.get(componentId)
    // A second mount of a shared instance is told what the first is going to be told.
    if (place === undefined || place.epoch !== epoch || place.revision <= revision) {
      this.#places.set(componentId, { epoch, revision, index })
    }
  }

  #event(event: ServerEvent): void {
    const place = this.#places.get(event.componentId)
    switch (event._tag) {
      case "Snapshot":
        return void this.#places.set(event.componentId, { ...event, index: place?.index ?? 0 })
      case "Patched": {
        const follows = event.from ?? event.revision - 1
        if (place === undefined || place.epoch !== event.epoch || place.revision !== follows) {
          this.complaints.push(`${JSON.stringify(event)} does not follow ${JSON.stringify(place)}`)
        }
        if (place !== undefined) place.revision = event.revision
        return
      }
      case "Event":
        // The log is bounded, and of the events the oldest go first; but none comes twice, or late.
        if (place !== undefined && event.index <= place.index) {
          this.complaints.push(`event ${event.index} comes after ${place.index}`)
        }
        if (place !== undefined) place.index = event.index
    }
  }
}

const isMounted = (value: unknown): value is ServerEvent =>
  typeof value === "object" && value !== null && "componentId" in value && "revision" in value
