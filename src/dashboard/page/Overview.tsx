/** The whole server at a glance. */
import { type ReactElement, useMemo } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { DashboardOverview, type Sample } from "../DashboardOverview.ts"
import { Badge } from "./Badge.tsx"
import { Chart } from "./Chart.tsx"
import { Fact, Facts } from "./Facts.tsx"
import * as Format from "./Format.ts"
import { type Column, Grid } from "./Grid.tsx"
import { toInstance, toInstances } from "./Route.ts"

type Event = (typeof DashboardOverview)["~types"]["state"]["events"]["Type"][number]

const columns: ReadonlyArray<Column<Event>> = [
  { title: "Time", render: ({ at }) => Format.time(at) },
  { title: "What", render: ({ happening }) => <Badge of={happening} /> },
  {
    title: "Instance",
    render: ({ component, id, key }) => (
      <a href={toInstance(id)}>
        {component}
        {key === null ? "" : ` ${key}`}
      </a>
    )
  },
  { title: "Detail", render: ({ detail }) => detail }
]

const column = (samples: ReadonlyArray<Sample>, of: (sample: Sample) => number | null) => samples.map(of)

/** The overview. */
export const Overview = (): ReactElement => {
  const overview = useComponent(DashboardOverview, { key: "server" })
  const { events, now, samples } = overview.state
  const charts = useMemo(() => {
    const times = samples.map(({ at }) => at / 1000)
    const line = (name: string, of: (sample: Sample) => number | null) => ({ name, values: column(samples, of) })
    const counts = { times, format: Format.number, least: 1 }
    const spans = { times, format: Format.millis, least: 1 }
    return [
      { ...counts, title: "Actions per second", lines: [line("actions", (each) => each.actions)] },
      { ...spans, title: "95th percentile", lines: [line("handlers", (each) => each.p95)] },
      {
        ...counts,
        title: "Errors per second",
        lines: [line("crashes", (each) => each.crashes), line("typed errors", (each) => each.failures)]
      },
      { ...spans, title: "Event-loop lag", lines: [line("lag", (each) => each.lag)] },
      {
        times,
        format: Format.bytes,
        least: 1e6,
        title: "Memory",
        lines: [line("heap", (each) => each.heap), line("resident", (each) => each.rss)]
      },
      { ...counts, title: "Instances", lines: [line("instances", (each) => each.instances)] }
    ]
  }, [samples])
  return (
    <>
      <LiveStatus of={overview} className="live" />
      {now !== null && (
        <>
          {now.isDraining && <p role="alert">The server is about to end.</p>}
          <Facts>
            <Fact name="Up for">{Format.span(now.uptime)}</Fact>
            <Fact name="Components">
              <a href="#/components">{Format.number(now.components)}</a>
            </Fact>
            <Fact name="Instances">
              <a href="#/instances">{Format.number(now.instances)}</a>
            </Fact>
            <Fact name="Degraded">
              <a href={toInstances({ kind: "degraded" })}>{Format.number(now.health.degraded)}</a>
            </Fact>
            <Fact name="Unhealthy">
              <a href={toInstances({ kind: "unhealthy" })}>{Format.number(now.health.unhealthy)}</a>
            </Fact>
            <Fact name="Connections">
              <a href="#/connections">{Format.number(now.connections)}</a>
            </Fact>
            <Fact name="Sessions">
              {Format.number(now.sessions)}, {Format.number(now.parked)} away
            </Fact>
            <Fact name="Rooms">
              <a href="#/rooms">{Format.number(now.rooms)}</a>
            </Fact>
            {now.uploads > 0 && <Fact name="Uploads">{Format.number(now.uploads)}</Fact>}
            <Fact name="Typed errors">{Format.number(now.failures)}</Fact>
            <Fact name="Crashes">{Format.number(now.crashes)}</Fact>
          </Facts>
        </>
      )}
      <h2>Over time</h2>
      <p className="hint">
        History begins when somebody looks, and ends soon after the last one has left: nothing is kept while nobody
        does. One sample a second, the last five minutes.
      </p>
      <div className="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} />
        ))}
      </div>
      <h2>What happens to instances</h2>
      <Grid
        title="What happens to instances"
        columns={columns}
        rows={events}
        idOf={({ at, happening, id }) => `${at} ${happening} ${id}`}
        empty="Nothing since somebody looks."
      />
    </>
  )
}
