/**
 * Renders pages with the state of instances that are really mounted, for their visitor: the browser takes up these very
 * instances, and mounts nothing again. A page that no browser takes up is like a client that has disconnected: its session ends
 * after `linger`, or before, when there are more than `maxParked` allows.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { MountPlace, MountProps } from "../MountOptions.ts"
import type { SsrData } from "../SsrData.ts"
import type { Refusal } from "./security/Authentication.ts"

export type { SsrComponent, SsrData } from "../SsrData.ts"

/** A component as a page is rendered with it. */
export interface SsrMount<C extends Component.Typed> {
  /** The state of the instance as its visitor may see it; `initial(props)` where there was no room to mount it. */
  readonly state: Component.State<C>
  /** Names the instance; undefined where there was no room to mount it. */
  readonly componentId: ComponentId | undefined
}

/** What a page needs so that its browser takes up what was mounted. */
export interface SsrPage {
  /** For `<LiveProvider ssr={ssrOf(data)}>` where the page is rendered. */
  readonly data: SsrData
  /** The same as a `<script type="application/json">` element, in which `readSsr` finds it. */
  readonly script: string
}

/** Mounts components for pages. */
export class LiveSsr extends Context.Service<
  LiveSsr,
  {
    /** The function of this module. */
    readonly mount: <C extends Component.Typed>(
      component: C,
      options: MountProps<C> & MountPlace<C>,
      request: HttpServerRequest
    ) => Effect.Effect<SsrMount<C>, LiveError | Refusal>
    /** The function of this module. */
    readonly page: (request: HttpServerRequest) => Effect.Effect<SsrPage>
  }
>()("fibra/server/LiveSsr") {}

/**
 * Mounts a component for the page that this request asks for, as its visitor, whom `Authentication` tells from the request. All
 * mounts of one request belong to one page. Where there is no room, because the server is full or about to end, the state is
 * `initial(props)`, and the browser mounts the component as ever.
 *
 * It fails with a `LiveError` when the mount is refused, or the build has crashed; with `Unauthorized` or `Forbidden` when
 * `Authentication` refuses; and dies when that dies, or gives no answer within `authenticationTimeout`.
 *
 * <!-- snippet: examples/ssr/Site.tsx#route -->
 */
export const mount = <C extends Component.Typed>(
  component: C,
  // Spelt out: an error says this, and not the name of the type.
  options: MountProps<C> & MountPlace<C>,
  request: HttpServerRequest
): Effect.Effect<SsrMount<C>, LiveError | Refusal, LiveSsr> =>
  LiveSsr.use((ssr) => ssr.mount(component, options, request))

/**
 * What the page of this request needs, after its last `mount`. The response to the request gets `Cache-Control: private,
 * no-store`: the page is its visitor's alone.
 */
export const page = (request: HttpServerRequest): Effect.Effect<SsrPage, never, LiveSsr> =>
  LiveSsr.use((ssr) => ssr.page(request))
