// Made by `fibra generate examples` from the modules of its folder. Run it again, and do not edit this.
import { Layer } from "effect"
import * as Board from "./board/Board.ts"
import * as BoardLayer from "./board/BoardLayer.ts"
import * as Chat from "./chat/Chat.ts"
import * as ChatLayer from "./chat/ChatLayer.ts"
import * as HistoryLayer from "./chat/HistoryLayer.ts"
import * as Clock from "./clock/Clock.ts"
import * as ClockLayer from "./clock/ClockLayer.ts"
import * as Counter from "./counter/Counter.ts"
import * as CounterLayer from "./counter/CounterLayer.ts"
import * as Gallery from "./gallery/Gallery.ts"
import * as GalleryLayer from "./gallery/GalleryLayer.ts"
import * as Registration from "./registration/Registration.ts"
import * as RegistrationLayer from "./registration/RegistrationLayer.ts"
import * as SystemMonitor from "./system/SystemMonitor.ts"
import * as SystemMonitorLayer from "./system/SystemMonitorLayer.ts"

/** The components. */
export const components = [
  Board.Board,
  Chat.Chat,
  Chat.History,
  Clock.Clock,
  Counter.Counter,
  Gallery.Gallery,
  Registration.Registration,
  SystemMonitor.SystemMonitor
] as const

/** Their behaviours. */
export const layer = Layer.mergeAll(
  BoardLayer.BoardLayer,
  ChatLayer.ChatLayer,
  HistoryLayer.HistoryLayer,
  ClockLayer.ClockLayer,
  CounterLayer.CounterLayer,
  GalleryLayer.GalleryLayer,
  RegistrationLayer.RegistrationLayer,
  SystemMonitorLayer.SystemMonitorLayer
)
