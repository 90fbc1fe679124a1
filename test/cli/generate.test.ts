/** `fibra generate`: one module of all components and behaviours of a folder. Real processes. */
import { spawn } from "node:child_process"
import { readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as parser from "oxc-parser"
import * as GeneratedModule from "../../src/cli/GeneratedModule.ts"
import { type ModuleScan, scan } from "../../src/cli/ModuleScan.ts"
import { folder, root, run, write } from "../support/workspace.ts"

const main = join(root, "src", "cli", "main.ts")
const fibra = (cwd: string, ...args: ReadonlyArray<string>) => run(cwd, "node", [main, "generate", ...args])
const read = (cwd: string, path = "src/live.gen.ts") => Effect.promise(() => readFile(join(cwd, path), "utf8"))

const contract = (name: string, wire = name) => `import { Schema } from "effect"
import { Component } from "fibra"

export class ${name} extends Component.Service<${name}>()("${wire}", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: []
}) {}
`
const behavior = (name: string, from = `./${name}.ts`) => `import { ${name} } from "${from}"

export const ${name}Layer = ${name}.toLayer({})
`

/** A contract and a behaviour in files of their own. */
const component = (name: string, in_ = "src") => ({
  [`${in_}/${name}.ts`]: contract(name),
  [`${in_}/${name}Layer.ts`]: behavior(name)
})

const project = Effect.fnUntraced(function* (files: Readonly<Record<string, string>>) {
  const cwd = yield* folder
  yield* write(cwd, files)
  return cwd
})

const changed = (before: string, after: string) => {
  const [old, now] = [before.split("\n"), after.split("\n")]
  assert.lengthOf(now, old.length)
  return now.filter((line, index) => line !== old[index])
}

describe("the module that fibra generate writes", () => {
  it.live("the module imports every component and behaviour, spelt as the modules spell their imports", () =>
    Effect.gen(function* () {
      const cwd = yield* project({
        ...component("Counter", "src/counter"),
        ...component("Clock", "src/clock"),
        // Not ours: a service of the application, an entity, a test, and what is not exported.
        "src/Db.ts": `import { Context } from "effect"\nexport class Db extends Context.Service<Db, {}>()("Db") {}\n`,
        "src/Entity.ts": `import { Entity } from "effect/cluster"\nexport const E = Entity.make("E", [])\nexport const ELayer = E.toLayer({})\n`,
        "src/Counter.test.ts": contract("Other"),
        "src/Hidden.ts": contract("Hidden").replace("export ", "")
      })
      const { code, output } = yield* fibra(cwd, "src")
      assert.deepStrictEqual([code, output], [0, "src/live.gen.ts: 2 components\n"])
      assert.strictEqual(
        yield* read(cwd),
        `// Made by \`fibra generate src\` from the modules of its folder. Run it again, and do not edit this.
import { Layer } from "effect"
import * as Clock from "./clock/Clock.ts"
import * as ClockLayer from "./clock/ClockLayer.ts"
import * as Counter from "./counter/Counter.ts"
import * as CounterLayer from "./counter/CounterLayer.ts"

/** The components. */
export const components = [
  Clock.Clock,
  Counter.Counter
] as const

/** Their behaviours. */
export const layer = Layer.mergeAll(
  ClockLayer.ClockLayer,
  CounterLayer.CounterLayer
)
`
      )
    }).pipe(Effect.scoped)
  )

  it.live("a behaviour is found whatever is provided to it, and by whatever name its component is imported", () =>
    Effect.gen(function* () {
      const cwd = yield* project({
        "src/a/contract.js": contract("Ada").replace("<Ada>", ""),
        "src/a/server.js": `import { Layer } from "effect"\nimport { Ada as A } from "./contract.js"\nimport { Db } from "./Db.js"
export const AdaLayer = Layer.provide(A.toLayer({}), Db.layer)\n`,
        "src/b/contract.js": `${contract("Bob").replace("<Bob>", "").replace("export ", "")}export { Bob as Robert }\n`,
        "src/b/index.js": `export { Robert } from "./contract.js"\n`,
        "src/b/server.js": `import { Robert } from "./index.js"\nconst layer = Robert.toLayer({})\nexport { layer as RobertLayer }\n`
      })
      const { output } = yield* fibra(cwd, "src", "--out", "live.js")
      assert.strictEqual(output, "live.js: 2 components\n")
      const text = yield* read(cwd, "live.js")
      assert.include(text, `import * as src_a_contract from "./src/a/contract.js"`)
      assert.include(text, "  src_b_contract.Robert")
      assert.include(text, "  src_b_server.RobertLayer")
    }).pipe(Effect.scoped)
  )

  it.live("renaming a component changes one line, and running it again none", () =>
    Effect.gen(function* () {
      const cwd = yield* project({ ...component("Counter"), ...component("Clock") })
      yield* fibra(cwd, "src")
      const before = yield* read(cwd)
      assert.include((yield* fibra(cwd, "src")).output, "as before")
      assert.strictEqual(yield* read(cwd), before)
      yield* write(cwd, {
        "src/Counter.ts": contract("Tally"),
        "src/CounterLayer.ts": behavior("Tally", "./Counter.ts").replace("TallyLayer", "CounterLayer")
      })
      yield* fibra(cwd, "src")
      assert.deepStrictEqual(changed(before, yield* read(cwd)), ["  Counter.Tally"])
    }).pipe(Effect.scoped)
  )

  it("two hundred components are read in less than two seconds of a processor", () => {
    const files = Array.from({ length: 200 }, (_, index) => Object.entries(component(`Part${index}`))).flat()
    const since = process.cpuUsage()
    const scans = files.map(([file, text]) => scan(parser, file, text) as ModuleScan)
    const made = GeneratedModule.make(scans, { command: "fibra generate src", folder: "src", out: "src/live.gen.ts" })
    const { system, user } = process.cpuUsage(since)
    console.log(`200 components: ${Math.round((system + user) / 1000)} ms`)
    assert.propertyVal(made, "components", 200)
    assert.isBelow(system + user, 2_000_000)
  })
})

describe("what fibra generate finds to be wrong", () => {
  const cases: ReadonlyArray<readonly [what: string, files: Readonly<Record<string, string>>, message: string]> = [
    [
      "a component without a behaviour is named with its file and line",
      { "src/Counter.ts": contract("Counter") },
      "src/Counter.ts:4 Counter has no behaviour."
    ],
    [
      "two components of one name are named with their files and lines",
      { ...component("Counter"), ...component("Tally"), "src/Tally.ts": contract("Tally", "Counter") },
      `src/Tally.ts:4 calls a component "Counter", and so does src/Counter.ts:4.`
    ],
    [
      "two behaviours of one component are named with their files and lines",
      { ...component("Counter"), "src/Other.ts": behavior("Counter").replace("CounterLayer", "Other") },
      "src/Other.ts:3 Other is a behaviour of Counter, and so is CounterLayer of src/CounterLayer.ts:3."
    ],
    [
      "a name that is not a text is named with its file and line",
      { "src/Counter.ts": contract("Counter").replace(`"Counter", {`, `name, {`) },
      "src/Counter.ts:4 the name of Counter is not a text."
    ],
    [
      "a module that cannot be read is named with its file and line",
      { ...component("Counter"), "src/CounterLayer.ts": `${behavior("Counter")}export const toLayer = = 1\n` },
      "src/CounterLayer.ts:4 is not TypeScript: "
    ]
  ]
  for (const [what, files, message] of cases) {
    it.live(what, () =>
      Effect.gen(function* () {
        const cwd = yield* project(files)
        const { code, output } = yield* fibra(cwd, "src")
        assert.strictEqual(code, 1)
        assert.include(output.split("\n")[0], message)
      }).pipe(Effect.scoped)
    )
  }

  const unusable: ReadonlyArray<readonly [what: string, args: ReadonlyArray<string>, message: string]> = [
    ["a file in place of a folder is named", ["src/Counter.ts"], "There is no folder src/Counter.ts."],
    ["a place where nothing can be written is named", ["src", "--out", "gen/live.ts"], "gen/live.ts cannot be used: "],
    ["--check and --watch are not taken together", ["src", "--check", "--watch"], "--check and --watch cannot be had"]
  ]
  for (const [what, args, message] of unusable) {
    it.live(`${what}, without a stack`, () =>
      Effect.gen(function* () {
        const cwd = yield* project(component("Counter"))
        const { code, output } = yield* fibra(cwd, ...args)
        assert.strictEqual(code, 1)
        assert.include(output.split("\n")[0], message)
        assert.notMatch(output, /^\s+at /m)
      }).pipe(Effect.scoped)
    )
  }

  it.live("a module that went away while they were read is named, without a stack", () =>
    Effect.gen(function* () {
      const cwd = yield* project(component("Counter"))
      yield* Effect.promise(() => symlink("nowhere.ts", join(cwd, "src", "Gone.ts")))
      const { code, output } = yield* fibra(cwd, "src")
      assert.strictEqual(code, 1)
      assert.match(output, /^src\/Gone\.ts cannot be used: it, or its folder, is not there\.\n {2}\S/)
    }).pipe(Effect.scoped)
  )

  it("modules whose names are one identifier are told apart", () => {
    const scanOf = (file: string, name: string): ModuleScan => {
      const found = scan(parser, file, `${contract(name)}export const ${name}Layer = ${name}.toLayer({})\n`)
      if ("components" in found) return found
      return assert.fail(found.message)
    }
    const scans = [
      scanOf("src/chat-room.ts", "One"),
      scanOf("src/chat_room.ts", "Two"),
      scanOf("a/src_chat_room.ts", "Three")
    ]
    const result = GeneratedModule.make(scans, { command: "fibra generate src", folder: "src", out: "src/live.gen.ts" })
    if (!("text" in result)) return assert.fail("It was refused")
    const names = Array.from(result.text.matchAll(/^import \* as (\S+) from/gm), ([, name]) => name)
    assert.strictEqual(new Set(names).size, 3, names.join(", "))
  })

  it.live("--check fails when the module is stale, and says what to run; how it is formatted is nothing to it", () =>
    Effect.gen(function* () {
      const cwd = yield* project(component("Counter"))
      const stale = yield* fibra(cwd, "src", "--check")
      assert.strictEqual(stale.code, 1)
      assert.match(stale.output, /src\/live\.gen\.ts is not what .* say\.\n {2}Run `fibra generate src`/)
      yield* fibra(cwd, "src")
      const text = yield* read(cwd)
      const formatted = text
        .replaceAll('"', "'")
        .replace("[\n  Counter.Counter\n]", "[Counter.Counter,];")
        .replaceAll(")\n", ");\n")
      yield* write(cwd, { "src/live.gen.ts": formatted })
      assert.strictEqual((yield* fibra(cwd, "src", "--check")).code, 0)
      yield* write(cwd, component("Clock"))
      assert.strictEqual((yield* fibra(cwd, "src", "--check")).code, 1)
      assert.strictEqual(yield* read(cwd), formatted)
    }).pipe(Effect.scoped)
  )
})

it.live(
  "--watch writes the module again when a component has come, and goes on after one that is not finished",
  () =>
    Effect.gen(function* () {
      const cwd = yield* project(component("Counter"))
      let said = ""
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawn("node", [main, "generate", "src", "--watch"], { cwd })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      child.stdout.on("data", (data) => (said += data))
      child.stderr.on("data", (data) => (said += data))
      // Until the folder is watched nothing is noticed, so it is written until it is.
      const until = (text: string, files: Readonly<Record<string, string>>) =>
        Effect.repeat(
          Effect.delay(
            Effect.promise(() =>
              Promise.all(Object.entries(files).map(([path, text]) => writeFile(join(cwd, path), text)))
            ),
            "100 millis"
          ),
          { until: () => said.includes(text) }
        )
      yield* until("1 component", {})
      yield* until("Clock has no behaviour", { "src/Clock.ts": contract("Clock") })
      yield* until("2 components", component("Clock"))
      // What was written last may have been read while it was being written, and is read again.
      const isThere = Effect.map(read(cwd), (text) => text.includes("Clock.Clock"))
      yield* Effect.repeat(Effect.delay(isThere, "50 millis"), { until: (isThere) => isThere })
    }).pipe(Effect.scoped),
  120_000
)

for (const examples of ["examples", "examples/chat"]) {
  it.live(`the servers of ${examples} are built from what fibra generate writes`, () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* fibra(root, examples, "--check"), { ok: true, code: 0, output: "" })
    })
  )
}
