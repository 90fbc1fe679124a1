// What is on the page, and where each part of it lives.
import { BoardView } from "./BoardView.tsx"
import { ChatView } from "./ChatView.tsx"
import { ClockView } from "./ClockView.tsx"
import { CounterView } from "./CounterView.tsx"
import { GalleryView } from "./GalleryView.tsx"
import { RegistrationView } from "./RegistrationView.tsx"
import { Source } from "./Source.tsx"
import { SystemMonitorView } from "./SystemMonitorView.tsx"

/** The page for a member of the team, or for a guest. */
export const App = ({ member }: { readonly member: string | undefined }) => (
  <>
    <header>
      <h1>fibra</h1>
      <p>
        Live components: the state and the behaviour run on the server, this page shows them. All that is here shares
        one connection. {member === undefined ? <Guest /> : `You are ${member}, a member of the team.`}
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
      <RegistrationView>
        <Source of="Registration" />
      </RegistrationView>
      <ChatView room="general" name={member}>
        Each person has an instance in the room, which speaks there and knows who else is in it. What was said is kept
        by an instance that everyone shares, and that listens. Stop typing, or close the page, and see the others
        notice.
      </ChatView>
      <BoardView member={member !== undefined}>
        A card moves at once, before the server has said yes, and goes back when it says no: there is room for three in
        “Doing”. Members see notes on the cards; to guests they are not sent.
      </BoardView>
      <GalleryView>
        Files go over the same connection as everything else, in pieces, and pictures are there for everyone. Pause one,
        go offline, or kill the server and start it again: it goes on where it was.
      </GalleryView>
      <SystemMonitorView>
        <Source of="SystemMonitor" />
      </SystemMonitorView>
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

const Guest = () => (
  <>
    You are a guest; <a href="?as=ada">come in as Ada</a> to be a member of the team.
  </>
)
