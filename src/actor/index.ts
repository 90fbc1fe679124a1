/** `fibra/actor`: the actor runtime. It knows no components and no sockets, and is worth using alone. */
export * as Actor from "./Actor.ts"
export {
  ActorCrashed,
  ActorError,
  ActorErrorReason,
  ActorFaulted,
  ActorStopped,
  AskTimeout,
  HandlerTimeout,
  MailboxFull,
  MessageExpired,
  MessageReplaced,
  UnknownMessage
} from "./ActorError.ts"
export * as DeadLetters from "./DeadLetters.ts"
export * as Directory from "./Directory.ts"
export { Overflow } from "./Mailbox.ts"
export * as RestartPolicy from "./RestartPolicy.ts"
export * as Supervisor from "./Supervisor.ts"
export { DuplicateChild, RestartIntensityExceeded, SupervisorError, SupervisorErrorReason } from "./SupervisorError.ts"
