/** A component that does with rooms whatever one can do with them, and a record of who was in which when something was said. */
import { Context, Effect, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

const Words = Schema.NonEmptyString.check(Schema.isMaxLength(200_000))
const room = { room: Schema.optionalKey(Schema.String) }

export class Hall extends Component.Service<Hall>()("Hall", {
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
    initial: ({ who }) => ({ name: who, mood: "calm" })
  }
}) {}

/** What an instance was to hear, by its id, and which instance is whose. */
export class Minutes extends Context.Service<
  Minutes,
  {
    readonly rooms: Map<string, Set<string>>
    readonly toHear: Map<string, Array<string>>
    readonly newest: Map<string, string>
  }
>()("test/Record") {
  static readonly layer = Layer.sync(Minutes, () => ({ rooms: new Map(), toHear: new Map(), newest: new Map() }))
}

export const HallLayer = Hall.toLayer(
  Effect.gen(function* () {
    const self = yield* Hall
    const record = yield* Minutes
    const { id } = self
    const rooms = record.rooms.get(id) ?? new Set(self.rooms)
    record.rooms.set(id, rooms)
    record.toHear.set(id, record.toHear.get(id) ?? [])
    record.newest.set(self.props.who, id)
    const say = Effect.fnUntraced(function* (words: string, options: Component.BroadcastOptions = {}) {
      const said = (yield* self.update((state) => ({ ...state, said: state.said + 1 }))).said
      yield* self.broadcast("Said", { words, by: self.props.who }, options)
      const room = options.room ?? self.room
      for (const [other, theirs] of record.rooms) {
        const hears = room === undefined ? other === id : theirs.has(room)
        if (hears) record.toHear.get(other)?.push(words)
      }
      return said
    })
    return Hall.of({
      Say: ({ words, ...options }) => say(words, options),
      SayToOthers: ({ words, ...options }) =>
        self.broadcast("Said", { words, by: self.props.who }, { ...options, except: "sender" }),
      Whisper: ({ words, ...options }) => self.broadcast("Said", { words, by: self.props.who }, options),
      Repeat: ({ times, words, ...options }) =>
        Effect.forEach(Array.from({ length: times }).keys(), (time) => say(`${words} ${time}`, options), {
          discard: true
        }),
      Join: Effect.fnUntraced(function* ({ room }) {
        yield* self.join(room)
        rooms.add(room)
      }),
      JoinMany: ({ count }) =>
        Effect.forEach(Array.from({ length: count }).keys(), (index) => self.join(`room-${index}`), {
          discard: true
        }).pipe(Effect.as(count)),
      Leave: ({ room }) => {
        rooms.delete(room)
        return self.leave(room)
      },
      Crash: () => Effect.die(new Error("as it was asked to")),
      Mood: ({ mood }) =>
        Effect.flatMap(self.presence, ([first]) => self.track({ name: first?.metadata.name ?? "", mood })),
      WhoCalls: (_, { connection, principal }) => Effect.succeed({ connection, principal: principal?.id ?? null }),
      WhoIsHere: () => Effect.map(self.presence, (people) => people.map(({ metadata }) => metadata.name)),
      on: {
        Said: ({ by, words }) =>
          self.update((state) => ({ ...state, heard: [...state.heard, `${by}: ${words}`].slice(-5) }))
      }
    })
  }),
  { maxIdleTime: "1 minute" }
)
