// #region behavior
import { Effect } from "effect"
import { History } from "./Chat.ts"

const kept = 100

export const HistoryLayer = History.toLayer(
  Effect.gen(function* () {
    const self = yield* History
    if (self.key !== undefined) yield* self.join(self.key)
    return History.of({
      on: {
        // Said by a Chat in the same room, and heard here.
        Said: (message) =>
          self.update(({ messages }) => ({
            messages: [...messages, { id: (messages.at(-1)?.id ?? 0) + 1, ...message }].slice(-kept)
          }))
      }
    })
  }),
  { persist: true }
)
// #endregion behavior
