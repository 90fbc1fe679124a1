// What the showcase serves: the live components, and the page that `vite build` left in `dist`.
// #region site
import { HttpRouter, HttpStaticServer } from "effect/http"
import { Layer } from "effect"
import { LiveServer } from "fibra/server"
import { Clock } from "../clock/Clock.ts"
import { ClockLayer } from "../clock/ClockLayer.ts"
import { Counter } from "../counter/Counter.ts"
import { CounterLayer } from "../counter/CounterLayer.ts"

export const layer = (dist: string) =>
  Layer.merge(
    LiveServer.layer({ components: [Counter, Clock] }).pipe(Layer.provide([CounterLayer, ClockLayer])),
    HttpStaticServer.layer({ root: dist, cacheControl: "no-cache" })
  ).pipe((site) => HttpRouter.serve(site, { disableLogger: true, disableListenLog: true }))
// #endregion site
