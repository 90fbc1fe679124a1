// #region view
import { type ReactNode, useId, useState } from "react"
import type { Component } from "fibra"
import { type LiveComponent, LiveStatus, useComponent } from "fibra/react"
import { Board } from "../board/Board.ts"

interface BoardViewProps {
  /** Whether the server knows who this is; to others it gives no notes, so there are none to show. */
  readonly member: boolean
  readonly children?: ReactNode
}

const columns = { todo: "To do", doing: "Doing", done: "Done" } as const

type Card = Component.State<typeof Board>["cards"][number]
type Column = Card["column"]

export const BoardView = ({ children, member }: BoardViewProps) => {
  const board = useComponent(Board, { key: "team" })
  /** The card that was moved last: in another column it is another element, which is to have the focus. */
  const [last, setLast] = useState<number>()
  const heading = useId()
  const { call, connected, error, state } = board
  const move = (id: number, column: Column) => {
    setLast(id)
    call.Move({ id, column })
  }
  return (
    <section className="card wide" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>A board</h2>
        <LiveStatus of={board} className="status" />
      </div>
      <p className="about">{children}</p>
      <form className="line" action={(form) => void call.Add({ title: String(form.get("title")).trim() })}>
        <label className="field">
          New card
          <input name="title" autoComplete="off" maxLength={80} required pattern=".*\S.*" />
        </label>
        <button disabled={!connected}>Add</button>
      </form>
      {error && (
        <p role="alert" className="error">
          {error.message}
        </p>
      )}
      <div className="columns">
        {entries(columns).map(([column, title]) => (
          <div key={column} className="column">
            <h3 id={`${heading}${column}`}>{title}</h3>
            <ul aria-labelledby={`${heading}${column}`}>
              {state.cards
                .filter((card) => card.column === column)
                .map((card) => (
                  <li key={card.id}>
                    <CardView card={card} call={call} focus={card.id === last} member={member} onMove={move} />
                  </li>
                ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  )
}

interface CardViewProps extends Pick<LiveComponent<typeof Board>, "call"> {
  readonly card: Card
  readonly focus: boolean
  readonly member: boolean
  readonly onMove: (id: number, column: Column) => void
}

const CardView = ({ call, card, focus, member, onMove }: CardViewProps) => (
  <article aria-label={card.title}>
    <p>{card.title}</p>
    {member && (
      <form action={(form) => void call.SetNote({ id: card.id, note: String(form.get("note")).trim() })}>
        {/* Another note is another element: what is typed here is not the state's. */}
        <input
          key={card.note}
          name="note"
          aria-label="Note"
          placeholder="Note"
          maxLength={200}
          defaultValue={card.note}
        />
      </form>
    )}
    <div className="buttons">
      <select
        aria-label="Column"
        autoFocus={focus}
        value={card.column}
        onChange={(event) => onMove(card.id, event.currentTarget.value as Column)}
      >
        {entries(columns).map(([column, title]) => (
          <option key={column} value={column}>
            {title}
          </option>
        ))}
      </select>
      <button className="quiet" aria-label={`Remove ${card.title}`} onClick={() => call.Remove({ id: card.id })}>
        Remove
      </button>
    </div>
  </article>
)
// #endregion view

const entries = (of: typeof columns) => Object.entries(of) as ReadonlyArray<[Column, string]>
