/**
 * The rights of all layers that a program has been given. Each layer is under a key of its own, so that layers which are
 * provided beside each other add up, and none takes the place of another. What is asked for needs the consent of each
 * that has a right about it.
 */
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Handled from "../../actor/Handled.ts"
import type { Calling, Downloading, Joining, Mounting, Setting, Uploading } from "./Rights.ts"

/** Answers a request; undefined when there is no right about it. */
type Right<Asked> = ((asked: Asked) => Effect.Effect<boolean> | undefined) | undefined

/** The rights of one layer. */
export interface RightsSource {
  /** The component that they are about; undefined when they are about all. */
  readonly component: string | undefined
  readonly mount?: Right<Mounting>
  readonly call?: Right<Calling>
  readonly set?: Right<Setting>
  readonly upload?: Right<Uploading>
  readonly download?: Right<Downloading>
  readonly join?: Right<Joining>
}

const prefix = "fibra/server/Authorization/"
const denies = `${prefix}denyByDefault`

/** The Context that refuses what no right is about. */
export const denial: Context.Context<never> = Context.makeUnsafe(new Map([[denies, true]]))

/** A key that no other layer has. */
export const makeKey = (): string => `${prefix}layer/${randomUUID()}`

/** A Context with the rights of one layer. */
export const contextOf = (key: string, source: RightsSource): Context.Context<never> =>
  Context.makeUnsafe(new Map([[key, source]]))

/** The right with these services; one that throws or gives no effect is an effect that dies. */
export const providing =
  <R>(context: Context.Context<R>) =>
  <Asked extends ReadonlyArray<unknown>>(ask: (...asked: Asked) => Effect.Effect<boolean, never, R>) =>
  (...asked: Asked): Effect.Effect<boolean> =>
    Effect.provideContext(
      Effect.suspend(() => {
        const answer = ask(...asked)
        return Effect.isEffect(answer) ? answer : Handled.noEffect("A right", answer)
      }),
      context
    )

/** The rights in force. Each answers a request; undefined: there is no right about it, and the default is to allow it. */
export class RightsInForce {
  readonly #sources: ReadonlyArray<RightsSource>
  readonly #deniesByDefault: boolean

  constructor(sources: ReadonlyArray<RightsSource>, deniesByDefault: boolean) {
    this.#sources = sources
    this.#deniesByDefault = deniesByDefault
  }

  /** Whether calls or fields of a component need a right at all. */
  guards(component: string): boolean {
    return (
      this.#deniesByDefault ||
      this.#sources.some((source) => isAbout(source, component) && (source.call ?? source.set) !== undefined)
    )
  }

  mount(asked: Mounting): Effect.Effect<boolean> | undefined {
    return this.#ask(asked.component, ({ mount }) => mount?.(asked))
  }

  call(asked: Calling): Effect.Effect<boolean> | undefined {
    return this.#ask(asked.component, ({ call }) => call?.(asked))
  }

  set(asked: Setting): Effect.Effect<boolean> | undefined {
    return this.#ask(asked.component, ({ set }) => set?.(asked))
  }

  upload(asked: Uploading): Effect.Effect<boolean> | undefined {
    return this.#ask(asked.component, ({ upload }) => upload?.(asked))
  }

  join(asked: Joining): Effect.Effect<boolean> | undefined {
    return this.#ask(asked.component, ({ join }) => join?.(asked))
  }

  /** Whether downloads need a right. */
  get guardsDownloads(): boolean {
    return this.#deniesByDefault || this.#sources.some(({ download }) => download !== undefined)
  }

  download(asked: Downloading): Effect.Effect<boolean> | undefined {
    return this.#ask(undefined, ({ download }) => download?.(asked))
  }

  #ask(
    component: string | undefined,
    ask: (source: RightsSource) => Effect.Effect<boolean> | undefined
  ): Effect.Effect<boolean> | undefined {
    let all: Effect.Effect<boolean> | undefined
    for (const source of this.#sources) {
      const right = isAbout(source, component) ? ask(source) : undefined
      if (right !== undefined) all = all === undefined ? right : both(all, right)
    }
    return all ?? (this.#deniesByDefault ? refused : undefined)
  }
}

const refused = Effect.succeed(false)

const isAbout = (source: RightsSource, component: string | undefined): boolean =>
  source.component === undefined || source.component === component

const both = (one: Effect.Effect<boolean>, other: Effect.Effect<boolean>): Effect.Effect<boolean> =>
  Effect.flatMap(one, (isAllowed) => (isAllowed === true ? other : refused))

/** No rights: everything is allowed. */
export const none = new RightsInForce([], false)

/** In the place of what layers have put in force, for a server inside of a program's. */
export const Override = Context.Reference<RightsInForce | undefined>("fibra/server/Authorization", {
  defaultValue: () => undefined
})

/** The rights that were provided here. */
export const current: Effect.Effect<RightsInForce> = Effect.contextWith((context: Context.Context<never>) => {
  const override = Context.get(context, Override)
  if (override !== undefined) return Effect.succeed(override)
  const sources: Array<RightsSource> = []
  for (const [key, value] of context.mapUnsafe) {
    if (key.startsWith(`${prefix}layer/`)) sources.push(value as RightsSource)
  }
  return Effect.succeed(new RightsInForce(sources, context.mapUnsafe.has(denies)))
})
