// What is on the page, and where each part of it lives.
import { ClockView } from "./ClockView.tsx"
import { CounterView } from "./CounterView.tsx"

export const App = () => (
  <>
    <header>
      <h1>fibra</h1>
      <p>
        Live components: the state and the behaviour run on the server, this page shows them. Three components share one
        connection.
      </p>
    </header>
    <main>
      <CounterView title="Your counter" instance={{ cacheKey: "mine" }}>
        An instance of its own for this browser. Reload the page, or kill the server and start it again: it goes on
        where it was. Two pages of one browser share it; another browser has its own.
      </CounterView>
      <CounterView title="Everyone’s counter" instance={{ key: "lobby" }}>
        The same component mounted with a key, so everyone shares one instance, and the server keeps its state in a
        folder. Open the page twice and click.
      </CounterView>
      <ClockView />
    </main>
    <footer>
      <h2>What lives where</h2>
      <dl>
        <div>
          <dt>In the contract</dt>
          <dd>
            <code>Counter.ts</code> names the state, actions, errors and events. Server and browser import the same
            file, so both are checked against it.
          </dd>
        </div>
        <div>
          <dt>On the server</dt>
          <dd>
            <code>CounterLayer.ts</code> is the behaviour: one supervised actor per instance, which alone may change its
            state. If it crashes it is restarted; the page stays.
          </dd>
        </div>
        <div>
          <dt>In the browser</dt>
          <dd>
            <code>CounterView.tsx</code> draws the state and calls actions. What comes over the wire are the changes,
            not the state. Stop the server and watch the page wait for it.
          </dd>
        </div>
      </dl>
    </footer>
  </>
)
