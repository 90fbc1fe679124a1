/** What is around every page: where one can go, and the colours. */
import { type ReactElement, useEffect, useRef, useState } from "react"
import { Alerts } from "./Alerts.tsx"
import { Components } from "./Components.tsx"
import { Connections } from "./Connections.tsx"
import { DeadLetters } from "./DeadLetters.tsx"
import { Instance } from "./Instance.tsx"
import { Instances } from "./Instances.tsx"
import { Overview } from "./Overview.tsx"
import { Rooms } from "./Rooms.tsx"
import { pages, type Route, useRoute } from "./Route.ts"
import { Supervision } from "./Supervision.tsx"
import * as Theme from "./Theme.ts"

const contentOf = ({ id, page, query }: Route): ReactElement => {
  switch (page) {
    case "":
      return <Overview />
    case "components":
      return <Components />
    case "instances":
      return id === undefined ? (
        <Instances key={query.toString()} text={query.get("text") ?? ""} kind={query.get("kind") ?? ""} />
      ) : (
        <Instance key={id} id={id} />
      )
    case "tree":
      return <Supervision />
    case "rooms":
      return <Rooms />
    case "connections":
      return <Connections />
    case "alerts":
      return <Alerts />
    case "letters":
      return <DeadLetters />
    default:
      return <p>There is no such page.</p>
  }
}

/** The whole page. */
export const App = (): ReactElement => {
  const route = useRoute()
  const title = pages.find(({ path }) => path === route.page)?.title ?? "Not found"
  const heading = route.id === undefined ? title : "Instance"
  const top = useRef<HTMLHeadingElement>(null)
  const place = `${route.page}/${route.id ?? ""}`
  const before = useRef(place)
  useEffect(() => {
    document.title = `${heading} · fibra dashboard`
    // Whoever uses a keyboard or a screen reader is at the beginning of the new page, and not where the old one was.
    if (before.current !== place) top.current?.focus()
    before.current = place
  }, [heading, place])
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), top.current?.focus())}>
        Skip to the content
      </a>
      <header>
        <p className="name">fibra</p>
        <nav aria-label="Pages">
          <ul>
            {pages.map(({ path, title }) => (
              <li key={path}>
                <a href={`#/${path}`} aria-current={path === route.page ? "page" : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeChoice />
        {isSignedIn() && (
          <form method="post" action="sign-out">
            <button>Sign out</button>
          </form>
        )}
      </header>
      <main id="main">
        <h1 ref={top} tabIndex={-1}>
          {heading}
        </h1>
        {contentOf(route)}
      </main>
    </>
  )
}

/** Whether there is a ticket to give back. Whoever is let in without one has none. */
const isSignedIn = (): boolean => document.cookie.split("; ").includes("fibra-dashboard-signed-in=1")

const titles = { system: "System", light: "Light", dark: "Dark" }

const ThemeChoice = (): ReactElement => {
  const [theme, setTheme] = useState(Theme.chosen)
  return (
    <label className="theme">
      Theme
      <select
        value={theme}
        onChange={({ target }) => {
          const wanted = target.value as Theme.Theme
          setTheme(wanted)
          Theme.choose(wanted)
        }}
      >
        {Theme.themes.map((each) => (
          <option key={each} value={each}>
            {titles[each]}
          </option>
        ))}
      </select>
    </label>
  )
}
