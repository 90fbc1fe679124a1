// #region view
import { type ReactNode, useEffect, useId, useRef, useState } from "react"
import { DateTime, Schema } from "effect"
import type { Component } from "fibra"
import { LiveStatus, useComponent, usePresence } from "fibra/react"
import { Chat, History, Name } from "../chat/Chat.ts"

interface ChatViewProps {
  readonly room: string
  /** Who chats; asked for when it is not known. */
  readonly name: string | undefined
  readonly children?: ReactNode
}

export const ChatView = ({ children, name, room }: ChatViewProps) => {
  const history = useComponent(History, { key: room })
  const [given, setGiven] = useState(name)
  const heading = useId()
  return (
    <section className="card wide" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>A chat</h2>
        <LiveStatus of={history} className="status" />
      </div>
      <p className="about">{children}</p>
      <Messages of={history.state.messages} />
      {given === undefined ? (
        <NameForm onName={setGiven} />
      ) : (
        <Conversation name={given} room={room} isKept={history.connected} />
      )}
    </section>
  )
}

interface ConversationProps {
  readonly name: string
  readonly room: string
  /** Whether the history listens already; what is said before it does is heard by who is here, and kept by nobody. */
  readonly isKept: boolean
}

const Conversation = ({ isKept, name, room }: ConversationProps) => {
  // #region presence
  const chat = useComponent(Chat, { props: { name }, room })
  const people = usePresence(chat)
  // #endregion presence
  const typed = useRef(-Infinity)
  const { call, connected, error } = chat
  const say = (form: FormData) => {
    typed.current = -Infinity
    const text = String(form.get("text")).trim()
    if (text !== "") call.Say({ text })
  }
  // The server forgets it after five seconds, so it is told again while there is typing.
  const type = (text: string, now: number) => {
    const typing = text !== ""
    if (!connected || (typing && now - typed.current < 2000)) return
    typed.current = typing ? now : -Infinity
    call.Typing({ typing })
  }
  const typists = people.filter(({ metadata, status }) => metadata.typing && status === "online")
  return (
    <>
      <p className="typing" aria-live="polite">
        {typing(typists.map(({ metadata }) => metadata.name).filter((other) => other !== name))}
      </p>
      <form className="line" action={say}>
        <label className="field">
          Message
          <input
            name="text"
            autoComplete="off"
            maxLength={500}
            onChange={(event) => type(event.currentTarget.value, event.timeStamp)}
          />
        </label>
        <button disabled={!connected || !isKept}>Send</button>
      </form>
      {error && (
        <p role="alert" className="error">
          {error.message}
        </p>
      )}
      {/* #region people */}
      <ul className="people" aria-label="Who is here">
        {people.map(({ clients, id, metadata, status }) => (
          <li key={id} data-status={status}>
            {metadata.name}
            {clients > 1 && ` on ${clients} pages`}
            {status === "away" && " (away)"}
          </li>
        ))}
      </ul>
      {/* #endregion people */}
    </>
  )
}
// #endregion view

const typing = (names: ReadonlyArray<string>): string => {
  const [first, second] = names
  if (first === undefined) return ""
  if (second === undefined) return `${first} is typing …`
  return names.length > 2 ? `${names.length} people are typing …` : `${first} and ${second} are typing …`
}

/** What was said, scrolled to the last of it. */
const Messages = ({ of }: { readonly of: Component.State<typeof History>["messages"] }) => {
  const log = useRef<HTMLDivElement>(null)
  const last = of.at(-1)?.id
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight })
  }, [last])
  return (
    <div ref={log} role="log" aria-label="Messages" className="messages" tabIndex={0}>
      {of.map(({ at, id, name, text }) => (
        <p key={id}>
          <time dateTime={DateTime.formatIso(at)}>{DateTime.formatLocal(at, { timeStyle: "short" })}</time>{" "}
          <b>{name}</b> {text}
        </p>
      ))}
    </div>
  )
}

const NameForm = ({ onName }: { readonly onName: (name: string) => void }) => {
  const [rejected, setRejected] = useState(false)
  // The contract says what a name is; the server asks it, too.
  const enter = (form: FormData) => {
    const name = String(form.get("name")).trim()
    if (Schema.is(Name)(name)) onName(name)
    else setRejected(true)
  }
  return (
    <form className="line" action={enter}>
      <label className="field">
        Your name
        <input name="name" autoComplete="nickname" maxLength={32} aria-invalid={rejected} />
      </label>
      <button>Join</button>
      {rejected && (
        <p role="alert" className="error">
          A name has 1 to 32 characters, all of which can be seen.
        </p>
      )}
    </form>
  )
}
