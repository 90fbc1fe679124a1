/**
 * One life of an instance that is replayed: an actor without clients, store or rights, whose handlers get the recorded
 * Clock and Random. Its background fibers run, but what they set is not applied: the recording has what they had set.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { CurrentTurn } from "../actor/Activation.ts"
import type { Message } from "../actor/Message.ts"
import type * as LiveConfig from "../server/LiveConfig.ts"
import type { ComponentDefinition } from "../server/instance/ComponentDefinition.ts"
import { InstanceActor } from "../server/instance/InstanceActor.ts"
import * as RightsInForce from "../server/security/RightsInForce.ts"
import type { InstanceIdentity } from "../server/instance/InstanceIdentity.ts"
import { TimeRows } from "../server/instance/TimeRows.ts"
import { TraceSampler } from "../server/instance/Tracing.ts"
import * as InstanceSelf from "../server/instance/InstanceSelf.ts"
import { MessageRecorder } from "../server/monitor/MessageRecorder.ts"
import type { RecordedMessage } from "../server/monitor/Recording.ts"
import { Surroundings } from "../server/monitor/Surroundings.ts"
import type { Rooms } from "../server/room/Rooms.ts"

/** What all lives of an instance have in common. */
export interface Stage {
  readonly definition: ComponentDefinition
  readonly config: LiveConfig.Settings
  readonly rooms: Rooms["Service"]
}

/** Records what a replay does, and knows which message is being replayed. */
class ReplayRecorder extends MessageRecorder {
  current: Message | undefined

  override begun(message: Message): void {
    this.current = message
    super.begun(message)
  }

  override ended(message: Message, exit: Exit.Exit<unknown, unknown>): void {
    this.current = undefined
    super.ended(message, exit)
  }

  override crashed(message: Message | undefined, cause: Cause.Cause<unknown>): void {
    this.current = undefined
    super.crashed(message, cause)
  }
}

/** The instance as its behaviour sees it in a replay. */
class ReplaySelf extends InstanceSelf.InstanceSelf {
  readonly #replay: ReplayInstance

  constructor(actor: InstanceActor, replay: ReplayInstance) {
    super(actor)
    this.#replay = replay
  }

  override get activation(): number {
    return this.#replay.activation
  }

  override get set(): (state: unknown) => Effect.Effect<void> {
    const { update } = this
    return (state) => Effect.asVoid(update(() => state))
  }

  override get update(): (f: (state: unknown) => unknown) => Effect.Effect<unknown> {
    const update = super.update
    return (f) => Effect.withFiber((fiber) => (this.#replay.isHandling(fiber.context) ? update(f) : this.get))
  }
}

/** One life of an instance that is replayed. */
export class ReplayInstance {
  readonly actor: InstanceActor
  readonly activation: number
  readonly #recorder: ReplayRecorder
  #expected: RecordedMessage
  /** What the last message did; undefined while its handler runs. */
  got: RecordedMessage | undefined
  defect: unknown

  /** Begins with this message. */
  constructor({ config, definition, rooms }: Stage, own: InstanceIdentity, first: RecordedMessage) {
    this.#expected = first
    this.activation = first.activation
    const host = {
      config,
      rights: RightsInForce.none,
      rooms,
      presences: { drop: () => {}, mark: () => {} },
      keep: () => {},
      seal: () => Effect.void,
      retire: () => {},
      run: Effect.runForkWith(definition.context),
      stats: { turn: () => 0, micros: () => 1, rows: new TimeRows() },
      spans: { clock: Context.get(definition.context, Clock.Clock), micros: () => 1, sampler: new TraceSampler(0) },
      happened: () => {},
      selfOf: (actor: InstanceActor) => new ReplaySelf(actor, this),
      age: () => 0,
      over: Effect.never
    }
    this.actor = new InstanceActor(definition, host, own)
    this.#recorder = new ReplayRecorder(this.actor, {
      surroundings: () => Surroundings.replay(Context.get(definition.context, Clock.Clock), this.#expected),
      // A background fiber may crash at any time.
      recorded: (message) => {
        if (message.kind === this.#expected.kind) this.got = message
      },
      stopped: () => {},
      failed: (defect) => (this.defect = defect),
      claims: undefined
    })
    this.actor.record(this.#recorder)
  }

  /** The next message is this one. */
  expect(message: RecordedMessage): void {
    this.#expected = message
    this.got = undefined
  }

  /** Whether a fiber builds the behaviour, or handles the message that is being replayed. */
  isHandling(context: Context.Context<never>): boolean {
    const turn = Context.get(context, CurrentTurn)
    const isBuilding = turn !== undefined && turn === turn.activation && turn.activation.handlers === undefined
    return isBuilding || (turn !== undefined && turn === this.#recorder.current)
  }

  /** Ends this life at once. Nobody waits for what it leaves behind. */
  get stop(): Effect.Effect<void> {
    return Effect.asVoid(Effect.forkDetach(this.actor.instance.cell.stop(Duration.zero), { startImmediately: true }))
  }
}
