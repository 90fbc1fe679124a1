// docs/errors.md: an index of all errors by their tag, made from the classes in src/.
//
//   node scripts/errors.ts            fails when the page is not what the classes say
//   node scripts/errors.ts --write    writes the page anew
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { texts } from "../src/server/http/UpgradeRejection.ts"
import { texts as monitorTexts } from "../src/server/monitor/MonitorRefusal.ts"
import { type ErrorClass, errorClasses } from "./error-classes.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const path = "docs/errors.md"

/** The sections of the page, each with the files whose classes it lists. */
const sections: ReadonlyArray<{
  readonly title: string
  readonly about: string
  readonly files: ReadonlyArray<string>
}> = [
  {
    title: "Live errors",
    about:
      "The reasons of a `LiveError`: what fibra refuses to a client or a behaviour. On the JSON wire the tag is the `code` of the answer, and `message` its `error`.",
    files: ["src/LiveError.ts"]
  },
  {
    title: "Authentication",
    about: "What `Authentication.layer` may fail with.",
    files: ["src/server/security/Authentication.ts"]
  },
  {
    title: "Wires",
    about: "What a client of one of the wires gets besides live errors.",
    files: ["src/ServerMessages.ts", "src/Patch.ts", "src/server/wire/json/JsonError.ts"]
  },
  {
    title: "Servers",
    about: "What ends the start of a server or appears in its log. No client gets these.",
    files: [
      "src/server/LiveConfig.ts",
      "src/server/http/ListenError.ts",
      "src/server/security/Secrets.ts",
      "src/server/monitor/MonitorAccess.ts",
      "src/server/store/SnapshotStoreError.ts",
      "src/server/upload/UploadStoreError.ts"
    ]
  },
  {
    title: "Monitor",
    about: "What a program that asks a monitor gets, and what the [dashboard](dashboard.md) shows.",
    files: [
      "src/server/monitor/Monitor.ts",
      "src/server/monitor/Performance.ts",
      "src/dashboard/AlertTable.ts",
      "src/dashboard/ConnectionTable.ts",
      "src/dashboard/InstanceDetail.ts"
    ]
  },
  {
    title: "Tests",
    about: "What `LiveTest.replay` fails with. See [Recording](recording.md).",
    files: ["src/server/monitor/Recording.ts", "src/testing/ReplayError.ts"]
  },
  {
    title: "Actors",
    about:
      "The reasons of an `ActorError` and a `SupervisorError`, and the error of a directory: what `fibra/actor` fails with. " +
      "A client of a component gets the live error that corresponds instead.",
    files: ["src/actor/ActorError.ts", "src/actor/SupervisorError.ts", "src/actor/Directory.ts"]
  }
]

const classes = (await errorClasses()).filter(({ examples }) => examples.length > 0)

/** How GitHub names a heading, counting those of the same name. */
const anchors = (): ((heading: string) => string) => {
  const seen = new Map<string, number>()
  return (heading) => {
    const name = heading
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-")
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    return count === 0 ? name : `${name}-${count}`
  }
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

const entry = ({ examples, goesTo, tag, why }: ErrorClass): string => {
  const messages = new Map<string, string>()
  for (const { error } of examples) if (!messages.has(error.hint)) messages.set(error.hint, error.message)
  const texts = [...messages].map(([hint, message]) => [message, hint])
  const [only] = texts
  return [
    `### \`${tag}\``,
    `${why} ${goesTo}`,
    texts.length === 1 && only !== undefined
      ? `> ${only[0]}\n\n${only[1]}`
      : table(["Message, for example", "What to do"], texts)
  ].join("\n\n")
}

const anchorOf = anchors()
const index: Array<readonly [tag: string, anchor: string, section: string]> = []
const body = sections.map(({ about, files, title }) => {
  anchorOf(title)
  const entries = files.flatMap((file) => classes.filter((one) => one.file === file))
  for (const { tag } of entries) index.push([tag, anchorOf(tag), title])
  return [`## ${title}`, about, ...entries.map(entry)].join("\n\n")
})

const left = classes.filter(({ file }) => !sections.some(({ files }) => files.includes(file)))
if (left.length > 0) throw new Error(`Add ${left[0]?.file} to a section of scripts/errors.ts.`)

const page = `# Errors

<!-- Made by \`npm run errors\` from the classes in src/: change the comments, messages and hints there. -->

Every error has a \`message\`, a short sentence that may be shown to people, and a \`hint\`, which tells developers what to do. Hints
are on this page and in logs (the label \`hint\`), and are not sent to clients. [Errors](components.md#errors) shows how to catch them.

${table(
  ["Tag", "Section"],
  index.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([tag, anchor, section]) => [`[\`${tag}\`](#${anchor})`, section])
)}

${body.join("\n\n")}

## Refused upgrades

What a server answers over HTTP instead of a WebSocket handshake. The message is the text of the answer.

${table(
  ["Status", "Message", "What to do"],
  Object.values(texts).map(({ hint, message, status }) => [String(status), message, hint])
)}

## Refused requests to the monitor

What somebody is answered who may not [see the monitor](monitoring.md#who-may-ask). The message is the \`error\` of the answer.

${table(
  ["Status", "Message", "What to do"],
  Object.values(monitorTexts).map(({ hint, message, status }) => [String(status), message, hint])
)}
`

const current = (): string | undefined => {
  try {
    return readFileSync(join(root, path), "utf8")
  } catch {
    return undefined
  }
}

const isStale = current() !== page
if (isStale && process.argv.includes("--write")) {
  writeFileSync(join(root, path), page)
  console.log(`wrote ${path}`)
} else if (isStale) {
  console.error(
    `${path} is not what the classes in src say.\n  To do: run \`npm run errors\`, and read what it changed.`
  )
  process.exitCode = 1
}
console.log(`${classes.length} errors.`)
