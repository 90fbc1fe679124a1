// Made by `fibra generate examples/chat` from the modules of its folder. Run it again, and do not edit this.
import { Layer } from "effect"
import * as Chat from "./Chat.ts"
import * as ChatLayer from "./ChatLayer.ts"
import * as HistoryLayer from "./HistoryLayer.ts"

/** The components. */
export const components = [
  Chat.Chat,
  Chat.History
] as const

/** Their behaviours. */
export const layer = Layer.mergeAll(
  ChatLayer.ChatLayer,
  HistoryLayer.HistoryLayer
)
