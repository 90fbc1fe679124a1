/** `fibra/actor`: the actor runtime. It does not depend on components or sockets, and can be used alone. */
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
