/** A component that does with rooms whatever one can do with them, and a record of who was in which when something was said. */
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import type { LiveHandle } from "fibra/client"

const Words = Schema.NonEmptyString.check(Schema.isMaxLength(200_000))
const room = { room: Schema.optionalKey(Schema.String) }

export class RoomFixture extends Component.Service<RoomFixture>()("RoomFixture", {
  props: { who: Schema.String },
  state: { heard: Schema.Array(Schema.String), said: Schema.Int },
  initial: () => ({ heard: [], said: 0 }),
  actions: [
    Rpc.make("Say", { payload: { words: Schema.String, ...room }, success: Schema.Int }),
    Rpc.make("SayToOthers", { payload: { words: Words, ...room } }),
    Rpc.make("Whisper", { payload: { words: Words, to: Schema.String, ...room } }),
    Rpc.make("Repeat", { payload: { words: Words, times: Schema.Int, ...room } }),
    Rpc.make("Join", { payload: { room: Schema.String } }),
    Rpc.make("JoinMany", { payload: { count: Schema.Int }, success: Schema.Int }),
    Rpc.make("Leave", { payload: { room: Schema.String } }),
    Rpc.make("Crash"),
    Rpc.make("Mood", { payload: { mood: Schema.String } }),
    Rpc.make("WhoCalls", {
      success: Schema.Struct({ principal: Schema.NullOr(Schema.String), connection: Schema.String })
    }),
    Rpc.make("WhoIsHere", { success: Schema.Array(Schema.String) })
  ],
  events: { Said: Schema.Struct({ words: Schema.NonEmptyString, by: Schema.String }) },
  presence: {
    metadata: { name: Schema.String, mood: Schema.NonEmptyString },
    initial: ({ who }) => {
      if (who === "Nobody") throw new Error("who is that?")
      return { name: who, mood: "calm" }
    }
  }
}) {}

/** Words that end with this make somebody leave the room. */
export const out = (who: string): string => `${who}, out!`

/** One life of an instance: from its first build until another takes its place, crashes included. */
export interface Life {
  readonly id: string
  readonly who: string
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: Set<string>
  /** What it was to hear. */
  readonly toHear: Array<string>
  /** The rooms it has left, and whether it is, or was, in one of them again. */
  readonly left: Set<string>
  hasReturned: boolean
  isOver: boolean
}

/** A record of all lives, the newest last, and of the room each word was said in; of an instance in none, its id. */
export class Minutes extends Context.Service<
  Minutes,
  { readonly lives: Array<Life>; readonly said: Map<string, string> }
>()("test/Minutes") {
  static readonly layer = Layer.sync(Minutes, () => ({ lives: [], said: new Map() }))
}

const note = ({ toHear }: Life, words: string): void => {
  if (!toHear.includes(words)) toHear.push(words)
}

export const RoomFixtureLayer = RoomFixture.toLayer(
  Effect.gen(function* () {
    const self = yield* RoomFixture
    const { lives, said } = yield* Minutes
    const { who } = self.props
    const before = lives.findLast((life) => life.who === who)
    let life = before
    if (life === undefined || self.activation === 0) {
      // One that came back from its token has the id of the one before, and not its rooms.
      if (before !== undefined) before.isOver = true
      const rooms = new Set(self.rooms)
      life = { id: self.id, who, rooms, toHear: [], left: new Set(), hasReturned: false, isOver: false }
      lives.push(life)
    }
    const { id, rooms } = life
    const say = Effect.fnUntraced(function* (words: string, options: Component.BroadcastOptions = {}) {
      const count = (yield* self.update((state) => ({ ...state, said: state.said + 1 }))).said
      yield* self.broadcast("Said", { words, by: who }, options)
      const room = options.room ?? self.room
      said.set(words, room ?? id)
      for (const other of lives) {
        const hears = room === undefined ? other === life : other.rooms.has(room)
        if (hears && !other.isOver) note(other, words)
      }
      return count
    })
    const leave = (room: string) => {
      if (rooms.delete(room)) life.left.add(room)
      return self.leave(room)
    }
    return RoomFixture.of({
      Say: ({ words, ...options }) => say(words, options),
      SayToOthers: ({ words, ...options }) =>
        self.broadcast("Said", { words, by: who }, { ...options, except: "sender" }),
      Whisper: ({ words, ...options }) => self.broadcast("Said", { words, by: who }, options),
      Repeat: ({ times, words, ...options }) =>
        Effect.forEach(Array.from({ length: times }).keys(), (time) => say(`${words} ${time}`, options), {
          discard: true
        }),
      Join: Effect.fnUntraced(function* ({ room }) {
        yield* self.join(room)
        rooms.add(room)
        life.hasReturned ||= life.left.has(room)
      }),
      JoinMany: ({ count }) =>
        Effect.forEach(Array.from({ length: count }).keys(), (index) => self.join(`room-${index}`), {
          discard: true
        }).pipe(Effect.as(count)),
      Leave: ({ room }) => leave(room),
      Crash: () => Effect.die(new Error("as it was asked to")),
      Mood: ({ mood }) =>
        Effect.flatMap(self.presence, ([first]) => self.track({ name: first?.metadata.name ?? "", mood })),
      WhoCalls: (_, { connection, principal }) => Effect.succeed({ connection, principal: principal?.id ?? null }),
      WhoIsHere: () => Effect.map(self.presence, (people) => people.map(({ metadata }) => metadata.name)),
      on: {
        Said: Effect.fnUntraced(function* ({ by, words }) {
          yield* self.update((state) => ({ ...state, heard: [...state.heard, `${by}: ${words}`].slice(-5) }))
          // Its client may be away.
          const { room } = self
          if (room === undefined || !words.endsWith(out(who))) return
          yield* leave(room)
          // It was to hear it, though it is not there any more.
          note(life, words)
        })
      }
    })
  }),
  { maxIdleTime: "1 minute" }
)

/** What a handle hears from now on. */
export const hear = (handle: LiveHandle<typeof RoomFixture>) =>
  Effect.gen(function* () {
    const words: Array<string> = []
    yield* handle.events("Said").pipe(
      Stream.runForEach(({ words: said }) => Effect.sync(() => void words.push(said))),
      Effect.forkScoped({ startImmediately: true })
    )
    return words
  })
