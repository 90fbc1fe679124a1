/** A field as it is shown: its draft over the server's value. While somebody looks, it follows both. */
import * as Log from "../Log.ts"
import * as Effect from "effect/Effect"
import { Listeners } from "../Listeners.ts"
import { type DraftState, FieldDraft } from "./FieldDraft.ts"
import type { MountAccess } from "./LiveComponent.ts"
import { actionTaking, type FieldOptions, fieldOf, type FieldStore, type LiveField } from "./LiveField.ts"
import { type Opened, RefCounted, subscription } from "./RefCounted.ts"

/** What a snapshot was made of. */
interface Shown {
  readonly known: unknown
  readonly state: DraftState
  readonly field: LiveField<unknown, unknown>
}

/** One field of a component. */
export class EditedField implements FieldStore<unknown, unknown> {
  readonly #mount: MountAccess
  readonly #name: string
  readonly #options: FieldOptions
  readonly #draft: FieldDraft
  readonly #listeners = new Listeners((cause) =>
    Effect.runFork(Log.error(`A listener of "${this.#name}" failed`, { cause }))
  )
  #shown: Shown | undefined

  constructor(mount: MountAccess, name: string, options: FieldOptions = {}) {
    this.#mount = mount
    this.#name = name
    this.#options = options
    this.#draft = new FieldDraft(mount, name, actionTaking(name, options, mount.component), options.keep)
    this.#draft.observe(this.#known, options)
  }

  readonly getSnapshot = (): LiveField<unknown, unknown> => this.#at(this.#known)

  readonly getServerSnapshot = (): LiveField<unknown, unknown> => this.#at(this.#in(this.#mount.getServerSnapshot()))

  /** Keeps the component mounted, too. What waits for the end of typing is committed when the last listener is gone. */
  readonly subscribe = subscription(this.#listeners, new RefCounted(() => this.#open()))

  get setValue() {
    return this.#draft.setValue
  }

  get leave() {
    return this.#draft.leave
  }

  get commit() {
    return this.#draft.commit
  }

  get reset() {
    return this.#draft.reset
  }

  get #known(): unknown {
    return this.#in(this.#mount.getSnapshot())
  }

  #in({ state }: { readonly state: unknown }): unknown {
    return (state as { readonly [name: string]: unknown })[this.#name]
  }

  #at(known: unknown): LiveField<unknown, unknown> {
    const state = this.#draft.getSnapshot()
    if (this.#shown === undefined || this.#shown.known !== known || this.#shown.state !== state) {
      this.#shown = { known, state, field: fieldOf(this.#draft, state, known) }
    }
    return this.#shown.field
  }

  #open(): Opened<void> {
    let told = this.getSnapshot()
    const tell = () => {
      const now = this.getSnapshot()
      if (now === told) return
      told = now
      this.#listeners.tell()
    }
    const follow = () => {
      this.#draft.observe(this.#known, this.#options)
      this.#draft.settle()
      tell()
    }
    const stops = [this.#draft.subscribe(tell), this.#mount.subscribe(follow)]
    follow()
    return {
      value: undefined,
      close: () => {
        this.#draft.flush()
        for (const stop of stops) stop()
      }
    }
  }
}
