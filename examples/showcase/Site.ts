// What the showcase serves: the live components, and the page that `vite build` left in `dist`.
// #region site
import { HttpRouter, HttpStaticServer } from "effect/http"
import { Effect, Layer } from "effect"
import { Authentication, LiveServer } from "fibra/server"
import { Board } from "../board/Board.ts"
import { BoardLayer } from "../board/BoardLayer.ts"
import { Chat, History } from "../chat/Chat.ts"
import { ChatLayer } from "../chat/ChatLayer.ts"
import { HistoryLayer } from "../chat/HistoryLayer.ts"
import { Clock } from "../clock/Clock.ts"
import { ClockLayer } from "../clock/ClockLayer.ts"
import { Counter } from "../counter/Counter.ts"
import { CounterLayer } from "../counter/CounterLayer.ts"
import { named } from "./Visitor.ts"

// A demo: whoever says `?as=ada` is taken for Ada, unasked. A server of yours looks at a cookie or a token it has signed.
const authentication = Authentication.layer(({ originalUrl }) =>
  Effect.sync(() => {
    const id = named(new URL(originalUrl, "http://showcase").search)
    return id === undefined ? undefined : { id }
  })
)

export const layer = (dist: string) =>
  Layer.merge(
    LiveServer.layer({ components: [Counter, Clock, Chat, History, Board] }).pipe(
      Layer.provide([CounterLayer, ClockLayer, ChatLayer, HistoryLayer, BoardLayer, authentication])
    ),
    HttpStaticServer.layer({ root: dist, cacheControl: "no-cache" })
  ).pipe((site) => HttpRouter.serve(site, { disableLogger: true, disableListenLog: true }))
// #endregion site
