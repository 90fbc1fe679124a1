// #region view
import { type ReactNode, useId, useState } from "react"
import type { Component } from "fibra"
import { LiveStatus, useComponent } from "fibra/react"
import { SystemMonitor } from "../system/SystemMonitor.ts"

type Sample = Component.State<typeof SystemMonitor>["samples"][number]

/** What is drawn of each sample, and the least that the top of its chart stands for. */
const charts = [
  { title: "CPU", unit: "% of a core", least: 10, of: ({ cpu }: Sample) => cpu },
  { title: "Memory", unit: "MiB", least: 64, of: ({ memory }: Sample) => Math.round(memory / 1024 / 1024) },
  { title: "Event loop stands still", unit: "ms", least: 10, of: ({ lag }: Sample) => lag }
] as const

export const SystemMonitorView = ({ children }: { readonly children?: ReactNode }) => {
  const monitor = useComponent(SystemMonitor, { key: "server" })
  /** What this page shows while it pauses; the server goes on. */
  const [paused, setPaused] = useState<ReadonlyArray<Sample>>()
  const heading = useId()
  const samples = paused ?? monitor.state.samples
  return (
    <section className="card wide" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>The server itself</h2>
        <LiveStatus of={monitor} className="status" />
      </div>
      <p className="about">
        Ten times a second, one instance measures the process that serves this page, for everyone who watches. What is
        sent each time is one more sample.
      </p>
      <div className="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} samples={samples} />
        ))}
      </div>
      <div className="buttons">
        <button
          className="quiet"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused === undefined ? monitor.state.samples : undefined)}
        >
          {paused === undefined ? "Pause" : "Go on"}
        </button>
      </div>
      {children}
    </section>
  )
}

interface ChartProps {
  readonly title: string
  readonly unit: string
  readonly least: number
  readonly of: (sample: Sample) => number
  readonly samples: ReadonlyArray<Sample>
}

/** Samples of half a minute, the latest on the right. */
const Chart = ({ least, of, samples, title, unit }: ChartProps) => {
  const values = samples.map(of)
  const top = Math.max(least, ...values)
  const points = values.map((value, index) => `${300 - values.length + index},${100 - (value / top) * 96}`)
  const latest = values.length === 0 ? "–" : `${values[values.length - 1]} ${unit}`
  return (
    <figure className="chart">
      <figcaption>
        {title} <output aria-label={title}>{latest}</output>
      </figcaption>
      <svg viewBox="0 0 300 100" preserveAspectRatio="none" aria-hidden="true">
        <polyline points={points.join(" ")} />
      </svg>
    </figure>
  )
}
// #endregion view
