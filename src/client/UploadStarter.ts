/** Begins uploads to a mounted component: checks files before a byte is sent, and lets each wait for its turn. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Tracer from "effect/Tracer"
import { type LiveError, refuse, UploadRejected } from "../LiveError.ts"
import * as Log from "../Log.ts"
import * as Upload from "../Upload.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { ComponentUploads } from "./ComponentUploads.ts"
import { UploadChannel } from "./UploadChannel.ts"
import { makeUploadRequests, type UploadRequests } from "./UploadRequests.ts"
import * as UploadSource from "./UploadSource.ts"
import { UploadTask } from "./UploadTask.ts"

/** Begins to upload a file. Fails when it is not taken. */
export const begin = (
  uploads: ComponentUploads,
  upload: string,
  source: UploadSource.UploadSource,
  options?: UploadSource.UploadOptions
): Effect.Effect<UploadTask, LiveError> =>
  Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (span) => {
    const { callee, component, connection, tasks } = uploads
    const refusal = callee.refusal()
    if (refusal !== undefined) return Effect.fail(refusal)
    const policy = component.codec.uploads.get(upload)
    if (policy === undefined) {
      return refuse(new UploadRejected({ upload, reason: "unknown", detail: "the component has no such upload" }))
    }
    const file = UploadSource.open(upload, source, options)
    const rejected = Upload.check(upload, policy, file.declared)
    if (rejected !== undefined) return refuse(rejected)
    const { maxQueuedCalls: most } = connection.limits
    if (tasks.size >= most) {
      return refuse(new UploadRejected({ upload, reason: "tooMany", detail: `${most} files wait already` }))
    }
    return Effect.sync(() => begun(uploads, upload, policy, file, Option.getOrUndefined(span)))
  })

/** Its requests are children of the span of whoever began it. */
const begun = (
  { callee, component, connection, tasks, turns }: ComponentUploads,
  upload: string,
  { maxFiles }: Upload.UploadPolicy,
  file: UploadSource.OpenedFile,
  span: Tracer.AnySpan | undefined
): UploadTask => {
  const { componentName } = component
  const requests = makeUploadRequests(connection.open, connection.pacer)
  const channel = connection.uploads.channel((link) => new UploadChannel(link))
  const job = {
    component: componentName,
    upload,
    file,
    target: callee.target,
    abandoned: (uploadId: string) => abandoned(connection, requests, uploadId),
    report: (defect: unknown) =>
      void connection.run(Log.error(`A listener of an upload to "${componentName}" failed`, { cause: defect }))
  }
  const task = new UploadTask(job, { isDraining: connection.isDraining, uploads: channel, requests })
  const turn = turns.get(upload) ?? Semaphore.makeUnsafe(maxFiles)
  turns.set(upload, turn)
  tasks.add(task)
  task.start((effect) =>
    connection.run(
      Effect.ensuring(
        turn.withPermit(span === undefined ? effect : Effect.withParentSpan(effect, span)),
        Effect.sync(() => tasks.delete(task))
      )
    )
  )
  return task
}

/** Has the server remove what it has of an upload, now or with the next connection. */
const abandoned = (connection: ClientConnection, { UploadCancel }: UploadRequests, uploadId: string): void => {
  const cancel = () => void connection.run(Effect.ignore(UploadCancel({ uploadId })))
  if (connection.isConnected()) return cancel()
  const stop = connection.subscribe({
    connected: () => {
      stop()
      cancel()
    },
    disconnected: () => {},
    closed: () => {},
    place: () => undefined
  })
}
