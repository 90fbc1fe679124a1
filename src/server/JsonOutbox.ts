/**
 * What goes out on one connection of the open wire: in each turn the news of the connection and the answers to mounts first, then
 * what has changed and was said, then all other answers, so that an answer never overtakes the change it speaks of. All of it is one
 * write. While the client does not read, readers stay where they are, and it gets the last state when it reads again.
 */
import type { Batch } from "./Batch.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import { Outbox } from "./Outbox.ts"
import type { Connection, Frame } from "./Transport.ts"

/** Where news comes from. */
export interface Source {
  readonly isBehind: boolean
  readonly collect: () => ReadonlyArray<Batch>
  /** What was collected goes out under this number. */
  readonly sent: (batch: number) => void
}

/** What goes out on one connection. */
export class JsonOutbox extends Outbox {
  /** Whether the messages of one turn go out as one array. */
  isBatching: boolean
  #sent = 0

  constructor(connection: Connection, config: LiveConfig.Service, isBatching: boolean) {
    super(connection, config)
    this.isBatching = isBatching
  }

  /** The number of what was collected last. */
  get sent(): number {
    return this.#sent
  }

  /** Writes what there is to say. */
  flush(source: Source | undefined): void {
    const { hasRoom, isWritable } = this.connection
    // Nothing says what has arrived: what does not leave is kept for the next connection.
    const takes = isWritable && (this.isAnswering || (source?.isBehind === true && hasRoom))
    const batches = source !== undefined && takes ? source.collect() : []
    if (batches.length > 0) source?.sent(++this.#sent)
    const { first, last } = this.take()
    const { link } = this.connection
    if (first.length + last.length === 0 && batches.length <= 1) {
      for (const batch of batches) link.write(this.#shared(batch))
      return
    }
    if (this.isBatching) {
      const texts = [...first, ...batches.flatMap(textsOf), ...last]
      return link.write(link.frame(`[${texts.join(",")}]`))
    }
    // What is long is written as others get it, too.
    let own: Array<string> = [...first]
    const gather = () => {
      if (own.length > 0) link.write(link.frames(own))
      own = []
    }
    for (const batch of batches) {
      if (batch.texts.length < sharedFrom) own.push(...textsOf(batch))
      else {
        gather()
        link.write(this.#shared(batch))
      }
    }
    own.push(...last)
    gather()
  }

  /** A batch, as far as possible as it was made for all who get it. */
  #shared(batch: Batch): Frame {
    const { link } = this.connection
    const { hearer } = batch
    if (this.isBatching) {
      return hearer === undefined
        ? batch.frame(`${link.kind} array`, ({ text }) => link.frame(`[${text}]`))
        : link.frame(`[${textsOf(batch).join(",")}]`)
    }
    return hearer === undefined
      ? batch.frame(`${link.kind} each`, ({ texts }) => link.frames(texts))
      : link.framesOf(batch.all, hearer)
  }
}

/** Messages from which a batch is worth a write of its own. */
const sharedFrom = 16

const textsOf = ({ hearer, texts }: Batch): ReadonlyArray<string> =>
  hearer === undefined ? texts : texts.map((text) => hearer + text)
