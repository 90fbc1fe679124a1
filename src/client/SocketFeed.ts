/** What goes over one WebSocket, frame by frame and in order, and how it ended. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Socket from "effect/socket/Socket"
import type { SocketFrame, TapSlot } from "./SocketTap.ts"

/** Why there is no WebSocket any more, or never was. `error` is what it told, `close` the code that it ended with. */
export type SocketEnd =
  | { readonly kind: "timeout" }
  | { readonly kind: "error"; readonly cause: unknown }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }

/** How it looks when it is cut, rather than closed. */
const cut = { kind: "close", code: 1006, reason: "" } as const

type EventName = "open" | "message" | "error" | "close"

/** How long it may take to open, in milliseconds. */
const patience = 10_000

/** The states of a WebSocket. */
const open = 1
const closing = 2

/** One WebSocket. */
export class SocketFeed {
  readonly #socket: Socket.WebSocketLike
  readonly #slot: TapSlot
  readonly #listeners: ReadonlyArray<readonly [name: EventName, listener: (event: Socket.WebSocketEvent) => void]>
  #frames: Array<SocketFrame> = []
  #end: SocketEnd | undefined
  /** Whoever waits for it to open, or for frames. */
  #tell: (() => void) | undefined

  constructor(socket: Socket.WebSocketLike, slot: TapSlot = {}) {
    this.#socket = socket
    this.#slot = slot
    if ("binaryType" in socket) (socket as { binaryType: string }).binaryType = "arraybuffer"
    this.#listeners = [
      ["open", () => this.#tell?.()],
      [
        "message",
        ({ data }) => {
          const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : (data as SocketFrame)
          this.#arrives(frame, () => this.#heard(frame))
        }
      ],
      ["error", (cause) => this.#ended({ kind: "error", cause })],
      [
        "close",
        ({ code = cut.code, reason = cut.reason }) =>
          this.#arrives(undefined, () => this.#ended({ kind: "close", code, reason }))
      ]
    ]
    for (const [name, listener] of this.#listeners) socket.addEventListener(name, listener)
    if (socket.readyState >= closing) this.#ended(cut)
  }

  /** Waits until it is open. */
  readonly opened: Effect.Effect<void, SocketEnd> = Effect.timeoutOrElse(
    this.#wait(() => this.#socket.readyState === open || undefined),
    { duration: patience, orElse: () => Effect.fail<SocketEnd>({ kind: "timeout" }) }
  )

  /** The next frames; fails when it has ended, and there are no more. */
  readonly take: Effect.Effect<ReadonlyArray<SocketFrame>, SocketEnd> = this.#wait(() => {
    if (this.#frames.length === 0) return undefined
    const frames = this.#frames
    this.#frames = []
    return frames
  })

  /** Sends a frame. It has to be open. */
  send(frame: SocketFrame): void {
    const { tap } = this.#slot
    if (tap === undefined) return this.#socket.send(frame as string)
    // Whoever has sent bytes may use their buffer again.
    const kept = typeof frame === "string" ? frame : frame.slice()
    const pass = () => {
      if (this.#socket.readyState === open) this.#socket.send(kept as string)
    }
    tap.leaves(kept, pass, () => this.close())
  }

  /** Ends it at once: the closing handshake goes on by itself, and may never be answered. */
  close(): void {
    this.#ended(cut)
    for (const [name, listener] of this.#listeners) this.#socket.removeEventListener(name, listener)
    // A handshake that is given up may still fail, which nobody wants to know.
    this.#socket.addEventListener("error", () => {})
    this.#socket.close(1000)
  }

  #wait<A>(look: () => A | undefined): Effect.Effect<A, SocketEnd> {
    return Effect.callback((resume) => {
      const tell = (): void => {
        const found = look()
        if (found === undefined && this.#end === undefined) return
        this.#tell = undefined
        resume(found === undefined ? Exit.fail(this.#end as SocketEnd) : Exit.succeed(found))
      }
      this.#tell = tell
      tell()
      return Effect.sync(() => {
        if (this.#tell === tell) this.#tell = undefined
      })
    })
  }

  #arrives(frame: SocketFrame | undefined, pass: () => void): void {
    const { tap } = this.#slot
    if (tap === undefined) pass()
    else tap.arrives(frame, pass, () => this.close())
  }

  #heard(frame: SocketFrame): void {
    this.#frames.push(frame)
    this.#tell?.()
  }

  /** The first end counts. */
  #ended(end: SocketEnd): void {
    this.#end ??= end
    this.#tell?.()
  }
}
