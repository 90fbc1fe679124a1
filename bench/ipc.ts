/**
 * Questions from one process to another and their answers, over the IPC channel of `fork`. Every question has a deadline, and a
 * child that ends early fails what it was asked, so the bench says who hung in which scenario instead of hanging with it.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

/** What a child can be asked: for each question the function that answers it. */
export type Answers = { readonly [question: string]: (argument: never) => unknown }

type Argument<A extends Answers, Question extends keyof A> =
  Parameters<A[Question]> extends readonly [] ? [] : [argument: Parameters<A[Question]>[0]]

type Reply = { readonly id: number; readonly value?: unknown; readonly error?: string }

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly deadline: NodeJS.Timeout
}

const children = new Set<ChildProcess>()
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")))

/** A running child process. */
export class Child<A extends Answers> implements AsyncDisposable {
  /** The scenario it works for, to be named when it fails. */
  scenario = "start"
  readonly name: string
  readonly #process: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #last = 0

  constructor(name: string, file: URL) {
    this.name = name
    this.#process = fork(fileURLToPath(file), {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "inherit", "inherit", "ipc"]
    })
    children.add(this.#process)
    this.#process.on("message", (reply: Reply) => this.#replied(reply))
    this.#process.on("exit", (code, signal) => {
      children.delete(this.#process)
      for (const id of this.#pending.keys()) this.#replied({ id, error: `it ended (${signal ?? code})` })
    })
  }

  /** The id of the process. */
  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Asks, and fails when there is no answer within `seconds`. */
  ask<Question extends keyof A & string>(
    question: Question,
    seconds: number,
    ...[argument]: Argument<A, Question>
  ): Promise<Awaited<ReturnType<A[Question]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last
      const late = () => this.#replied({ id, error: `there was no answer within ${seconds} s` })
      const deadline = setTimeout(late, seconds * 1000)
      const failed = (error: Error) =>
        reject(new Error(`${this.scenario}: "${question}" to ${this.name}: ${error.message}`))
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject: failed, deadline })
      this.#process.send({ id, question, argument }, (error) => error && this.#replied({ id, error: error.message }))
    })
  }

  /** Ends the process: politely, and after a second not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!children.has(this.#process)) return
    const ended = new Promise((resolve) => this.#process.once("exit", resolve))
    if (this.#process.connected) this.#process.disconnect()
    const killed = setTimeout(() => this.#process.kill("SIGKILL"), 1000)
    await ended
    clearTimeout(killed)
  }

  #replied({ error, id, value }: Reply): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    clearTimeout(pending.deadline)
    if (error === undefined) pending.resolve(value)
    else pending.reject(new Error(error))
  }
}

/** Answers what the parent asks, in a child, until the parent is gone. */
export const answer = (answers: Answers): void => {
  process.on("disconnect", () => process.exit(0))
  process.on("message", ({ argument, id, question }: { id: number; question: string; argument: never }) => {
    const reply = (reply: Reply) => process.connected && process.send?.(reply)
    const answered = async () => answers[question]?.(argument)
    answered().then(
      (value) => reply({ id, value }),
      (error) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    )
  })
}
