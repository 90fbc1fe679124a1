/** Numbers over time, as a picture, and in words for those who do not see it. */
import { type ReactElement, useEffect, useRef } from "react"
import uPlot from "uplot"
import * as Theme from "./Theme.ts"

/** One line. */
export interface Line {
  readonly name: string
  readonly values: ReadonlyArray<number | null>
}

interface ChartProps {
  readonly title: string
  /** Seconds since 1970. */
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<Line>
  readonly format: (value: number) => string
  /** The least that the axis reaches to. */
  readonly least: number
}

const colours = ["--line-a", "--line-b"]

const height = 130

/** The colour that a variable has now, in the theme that is shown. */
const colourOf = (host: HTMLElement, variable: string): string => {
  host.style.color = `var(${variable})`
  const { color } = getComputedStyle(host)
  host.style.color = ""
  return color
}

const optionsOf = (
  host: HTMLElement,
  lines: ReadonlyArray<string>,
  { format, least }: Pick<ChartProps, "format" | "least">
): uPlot.Options => {
  const soft = () => colourOf(host, "--soft")
  const grid = { stroke: () => colourOf(host, "--line"), width: 1 }
  const font = "11px system-ui, sans-serif"
  return {
    width: host.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, least)] } },
    axes: [
      { stroke: soft, grid, ticks: grid, font, size: 28, values: "{HH}:{mm}:{ss}", space: 80 },
      { stroke: soft, grid, ticks: grid, font, size: 62, values: (_, ticks) => ticks.map(format), space: 30 }
    ],
    series: [
      {},
      ...lines.map((label, index) => ({
        label,
        stroke: () => colourOf(host, colours[index % colours.length] as string),
        width: 2,
        points: { show: false },
        dash: index === 0 ? [] : [6, 4]
      }))
    ]
  }
}

const inWords = ({ format, lines }: ChartProps): string =>
  lines
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null)
      const now = values.at(-1)
      if (known.length === 0) return `${name}: nothing yet`
      return `${name}: ${now === null || now === undefined ? "nothing" : format(now)} now, ${format(Math.max(...known))} at most`
    })
    .join("; ")

/** A chart. */
export const Chart = (props: ChartProps): ReactElement => {
  const { format, least, lines, times, title } = props
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const names = lines.map(({ name }) => name).join("\n")
  useEffect(() => {
    const element = host.current
    if (element === null) return
    const made = new uPlot(optionsOf(element, names.split("\n"), { format, least }), [[]], element)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    const redraw = () => made.redraw(false)
    Theme.changed.addEventListener("change", redraw)
    return () => {
      resized.disconnect()
      Theme.changed.removeEventListener("change", redraw)
      made.destroy()
    }
  }, [names, format, least])
  useEffect(() => {
    plot.current?.setData([[...times], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData)
  }, [times, lines])
  return (
    <figure>
      <figcaption>
        <span className="chart-title">{title}</span>
        <span className="legend">{inWords(props)}</span>
      </figcaption>
      <div ref={host} aria-hidden="true" className="chart" />
    </figure>
  )
}
