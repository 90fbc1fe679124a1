/**
 * Who may do what: mount a component, call an action, set a field, upload a file, join a room. Rights are layers, of one
 * component (`for`) or of all (`layer`), and there may be several of them: what is asked for needs the consent of each
 * that has a right about it. What none has a right about is allowed, unless there is `denyByDefault`. An anonymous client
 * may mount a component that has no right `mount` when its behaviour allows it (`anonymous`) or, where the behaviour does
 * not say, when there is no `Authentication`.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Component from "../../Component.ts"
import * as ContractRights from "./ContractRights.ts"
import type { Rights } from "./Rights.ts"
import * as RightsInForce from "./RightsInForce.ts"

export type { ContractRights, RightsCaller, RightsMount } from "./ContractRights.ts"
export type { Calling, Downloading, Joining, Mounting, Rights, Setting, Uploading } from "./Rights.ts"
export { anyOf, anyone, claim, role, type Rule, signedIn } from "./Rule.ts"

/**
 * Puts these rules in force. Their services are taken from where this layer is built. A rule that dies is logged, and
 * allows nothing.
 *
 * <!-- snippet: test/examples/Authorization.test.ts#rights -->
 *
 * ```ts
 * // A board belongs to the team of its key; cards are removed by whoever leads it.
 * const authorization = Authorization.layer({
 *   mount: Effect.fnUntraced(function* ({ component, key, principal }) {
 *     const teams = yield* Teams // taken from where the layer is provided with it
 *     return component !== "Board" || (yield* teams.roleOf(key, principal?.id)) !== undefined
 *   }),
 *   call: Effect.fnUntraced(function* ({ action, component, key, principal }) {
 *     if (component !== "Board" || action !== "Remove") return true
 *     const teams = yield* Teams
 *     return (yield* teams.roleOf(key, principal?.id)) === "lead"
 *   })
 * })
 * ```
 */
export const layer = <R = never>(rights: Rights<R>): Layer.Layer<never, never, R> =>
  layerOf((context: Context.Context<R>) => {
    const provided = RightsInForce.providing(context)
    const { call, download, join, mount, set, upload } = rights
    return {
      component: undefined,
      mount: mount && provided(mount),
      call: call && provided(call),
      set: set
        ? provided(set)
        : call &&
          provided(({ property, value, ...asking }) => call({ ...asking, action: `set ${property}`, payload: value })),
      upload: upload
        ? provided(upload)
        : call &&
          provided(({ file, upload, ...asking }) => call({ ...asking, action: `upload ${upload}`, payload: file })),
      download: download && provided(download),
      join: join && provided(join)
    }
  })

/**
 * The rights of one component, typed by its contract: what the contract does not have does not compile. Each gets what
 * is asked for and who asks. Their services are taken from where the layer is built. A right that dies is logged, and
 * allows nothing. Throws when a field is not writable.
 *
 * <!-- snippet: test/examples/Authorization.test.ts#contract -->
 *
 * ```ts
 * const BoardRights = Authorization.for(Board, {
 *   mount: ({ key }, principal) =>
 *     Teams.use((teams) => Effect.map(teams.roleOf(key, principal?.id), (role) => role !== undefined)),
 *   call: {
 *     Remove: (_, { key, principal }) =>
 *       Teams.use((teams) => Effect.map(teams.roleOf(key, principal?.id), (role) => role === "lead")),
 *     Add: Authorization.signedIn // or in words: anyone, role("lead"), claim("team", "red"), anyOf(…)
 *   }
 * })
 * ```
 */
const forComponent = <C extends Component.Typed, H extends ContractRights.ContractRights<C>>(
  component: C,
  rights: H & ContractRights.NoOtherRights<C, H>
): Layer.Layer<never, never, ContractRights.ServicesOf<H>> => {
  const sourceOf = ContractRights.sourceOf(component, rights)
  return layerOf((context: Context.Context<ContractRights.ServicesOf<H>>) => sourceOf(context))
}
export { forComponent as for }

/** What no right is about is refused: mounts, calls, fields, uploads, downloads and rooms, of all components. */
export const denyByDefault: Layer.Layer<never> = Layer.succeedContext(RightsInForce.denial)

/** A layer that is a source of its own, whatever else is provided beside it. */
const layerOf = <R>(
  make: (context: Context.Context<R>) => RightsInForce.RightsSource
): Layer.Layer<never, never, R> => {
  const key = RightsInForce.makeKey()
  return Layer.effectContext(
    Effect.contextWith((context: Context.Context<R>) => Effect.succeed(RightsInForce.contextOf(key, make(context))))
  )
}
