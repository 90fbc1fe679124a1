/**
 * Reads the text format of Prometheus, version 0.0.4, and refuses what Prometheus would, and what `promtool check metrics`
 * does: names without their unit, or with another than the base unit.
 */

/** A family of metrics. */
export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: Array<{
    readonly name: string
    readonly labels: { readonly [name: string]: string }
    readonly value: number
  }>
}

const sampleOf = (line: string) => {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/.exec(line)
  if (match === null) throw new Error(`This is no sample: ${line}`)
  const [, name = "", labels = "", text = ""] = match
  const value = text === "+Inf" ? Infinity : Number(text)
  if (text === "" || Number.isNaN(value)) throw new Error(`This is no value: ${line}`)
  const pairs = Array.from(labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g))
  if (pairs.map(([text]) => text).join("") !== labels) throw new Error(`These are no labels: ${line}`)
  return { name, labels: Object.fromEntries(pairs.map(([, name, value]) => [name, value])), value }
}

/** The families of a text. Throws when it is not in the format, or counts what does not add up. */
export const parse = (text: string): ReadonlyArray<Family> => {
  if (!text.endsWith("\n")) throw new Error("The text does not end with a line feed")
  const families: Array<Family> = []
  let help: readonly [name: string, text: string] | undefined
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([^ ]+) (.+)$/.exec(line)
    if (comment?.[1] === "HELP") help = [comment[2] ?? "", comment[3] ?? ""]
    else if (comment !== null) {
      const [, , name = "", type = ""] = comment
      if (help?.[0] !== name) throw new Error(`${name} has no help`)
      if (families.some((family) => family.name === name)) throw new Error(`${name} is there twice`)
      families.push({ name, type, help: help[1], samples: [] })
    } else {
      const sample = sampleOf(line)
      const family = families.at(-1)
      const suffixes = family?.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]
      if (family === undefined || !suffixes.some((suffix) => sample.name === family.name + suffix)) {
        throw new Error(`${sample.name} does not belong to ${family?.name ?? "anything"}`)
      }
      family.samples.push(sample)
    }
  }
  families.forEach(check)
  return families
}

/** Units that are not base units, and types and suffixes that are no part of a name. */
const unwanted =
  /_(?:millis|milliseconds?|ms|micros|microseconds?|us|nanoseconds?|ns|minutes?|hours?|days?|bits|kilobytes?|kb|megabytes?|mb|kib|mib|percent|counter|gauge|histogram|summary)(?:_|$)/

const check = ({ name, samples, type }: Family): void => {
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`The counter ${name} does not end with _total`)
  if (type !== "counter" && /_(?:total|count|sum|bucket|info)$/.test(name)) throw new Error(`${name} is no ${type}`)
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${name} is not in snake case`)
  if (unwanted.test(name)) throw new Error(`${name} has no base unit, or a type in its name`)
  if (samples.length === 0) throw new Error(`${name} has no samples`)
  const series = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]))
  if (new Set(series).size !== series.length) throw new Error(`${name} has the same labels twice`)
  if (type !== "histogram") return
  const bySeries = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  for (const of of bySeries.values()) {
    const buckets = of.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])))
    const counts = buckets.map(({ value }) => value)
    const rises = (all: ReadonlyArray<number>) =>
      all.every((each, index) => index === 0 || each >= (all[index - 1] ?? 0))
    if (bounds.at(-1) !== Infinity || !rises(bounds) || !rises(counts)) throw new Error(`${name} has no good buckets`)
    if (of.find((sample) => sample.name === `${name}_count`)?.value !== counts.at(-1)) {
      throw new Error(`The count of ${name} is not that of its last bucket`)
    }
  }
}
