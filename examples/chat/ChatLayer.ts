// #region behavior
import { DateTime, Effect, FiberHandle } from "effect"
import { Chat } from "./Chat.ts"

export const ChatLayer = Chat.toLayer(
  Effect.gen(function* () {
    const self = yield* Chat
    const { name } = self.props
    const track = (typing: boolean) => self.track({ name, typing })
    // Who stops in the middle of a word tells nobody; after a while it is taken back.
    const pause = yield* FiberHandle.make()
    return Chat.of({
      Say: Effect.fn("Chat.Say")(function* ({ text }) {
        yield* FiberHandle.clear(pause)
        yield* track(false)
        yield* self.broadcast("Said", { name, text, at: yield* DateTime.now }) // to everyone in the room
      }),
      Typing: Effect.fn("Chat.Typing")(function* ({ typing }) {
        yield* FiberHandle.clear(pause)
        yield* track(typing)
        if (typing) yield* FiberHandle.run(pause, Effect.delay(track(false), "5 seconds"))
      })
    })
  })
)
// #endregion behavior
