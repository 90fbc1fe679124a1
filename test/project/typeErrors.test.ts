/** Who makes a mistake with a contract reads in the first line of the type error what it is. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"
import { root } from "../support/workspace.ts"

const contract = `
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveClient, type LiveHandle } from "fibra/client"
import { useComponent, useEvent, useField, type LiveComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"

class Full extends Schema.TaggedError<Full>()("Full", { max: Schema.Int }) {}
class Other extends Schema.TaggedError<Other>()("Other", { max: Schema.Int }) {}

class Board extends Component.Service<Board>()("Board", {
  props: { title: Schema.String },
  state: { cards: Schema.Array(Schema.String), pinned: Schema.Boolean },
  initial: ({ title }) => ({ cards: [title], pinned: false }),
  writable: ["pinned"],
  actions: [Rpc.make("Add", { payload: { card: Schema.String }, success: Schema.Int, error: Full }), Rpc.make("Close")],
  events: { Added: Schema.Struct({ card: Schema.String }), Closed: Schema.Struct({}) }
}) {}

class Retro extends Component.Service<Retro>()("Retro", {
  placement: "shared",
  state: { cards: Schema.Array(Schema.String) },
  initial: () => ({ cards: [] })
}) {}

const handlers = { Add: () => Effect.succeed(1), Close: () => Effect.void }
declare const self: typeof Board.Service
declare const live: LiveClient["Service"]
declare const test: LiveTest["Service"]
declare const board: LiveHandle<typeof Board>
declare const view: LiveComponent<typeof Board>
const props = { title: "a" }
`

const options = "{ readonly props: { readonly title: string; }; } & ((PrivateMount | SharedMount<string>) & MountCache)"
const shared = "{ readonly props: { readonly title: string; }; } & SharedMount<string> & MountCache"
const handlersOfBoard =
  "{ readonly Add: (payload: { readonly card: string; }, caller: Caller) => Effect<number, Full | LiveError, unknown>; " +
  "readonly Close: (payload: void, caller: Caller) => Effect<...>; } & { ...; } & NoOtherHandlers<...>"

/** What is written, and what the first line of the error says. */
const mistakes: ReadonlyArray<readonly [mistake: string, code: string, says: string]> = [
  [
    "an action has no handler",
    "Board.of({ Add: handlers.Add })",
    `Argument of type '{ Add: () => Effect.Effect<number, never, never>; }' is not assignable to parameter of type '${handlersOfBoard}'.`
  ],
  [
    "a handler is of no action",
    "Board.of({ ...handlers, Remove: () => Effect.void })",
    `Type '() => Effect.Effect<void, never, never>' is not assignable to type 'NoSuchAction<"Remove">'.`
  ],
  [
    "a handler that is given to toLayer is of no action",
    "Board.toLayer({ ...handlers, Remove: () => Effect.void })",
    `Type '() => Effect.Effect<void, never, never>' is not assignable to type 'NoSuchAction<"Remove">'.`
  ],
  [
    "a handler in a behaviour that is built is of no action",
    "Board.toLayer(Effect.gen(function* () { yield* Board; return Board.of({ ...handlers, Remove: () => Effect.void }) }))",
    `Type '() => Effect.Effect<void, never, never>' is not assignable to type 'NoSuchAction<"Remove">'.`
  ],
  [
    "a handler answers with something else",
    `Board.of({ ...handlers, Add: () => Effect.succeed("one") })`,
    "Type 'Effect<string, never, never>' is not assignable to type 'Effect<number, Full | LiveError, unknown>'."
  ],
  [
    "a handler fails with an error that its action does not declare",
    "Board.of({ ...handlers, Add: () => Effect.fail(new Other({ max: 1 })) })",
    "Type 'Effect<never, Other, never>' is not assignable to type 'Effect<number, Full | LiveError, unknown>'."
  ],
  [
    "a handler that is a function of Effect fails with an error that its action does not declare",
    `Board.of({ ...handlers, Add: Effect.fn("Add")(function* () { return yield* new Other({ max: 1 }) }) })`,
    "Type '() => Effect<never, Other, never>' is not assignable to type " +
      "'(payload: { readonly card: string; }, caller: Caller) => Effect<number, Full | LiveError, unknown>'."
  ],
  [
    "a handler listens to an event the contract lacks",
    "Board.of({ ...handlers, on: { Removed: () => Effect.void } })",
    "Object literal may only specify known properties, and 'Removed' does not exist in type " +
      "'{ readonly Added?: ((payload: { readonly card: string; }, caller: Caller | undefined) => " +
      "Effect<unknown, LiveError, unknown>) | undefined; " +
      "readonly Closed?: ((payload: {}, caller: Caller | undefined) => Effect<...>) | undefined; }'."
  ],
  [
    "an event is broadcast that the contract lacks",
    `self.broadcast("Removed", { card: "a" })`,
    `Argument of type '"Removed"' is not assignable to parameter of type '"Added" | "Closed"'.`
  ],
  [
    "an event is broadcast with another payload",
    `self.broadcast("Added", { cart: "a" })`,
    "Object literal may only specify known properties, and 'cart' does not exist in type '{ readonly card: string; }'."
  ],
  [
    "a client listens to an event the contract lacks",
    `board.events("Removed")`,
    `Argument of type '"Removed"' is not assignable to parameter of type '"Added" | "Closed"'.`
  ],
  [
    "a view listens to an event the contract lacks",
    `useEvent(view, "Removed", () => {})`,
    `Argument of type '"Removed"' is not assignable to parameter of type '"Added" | "Closed"'.`
  ],
  [
    "a key comes together with a room",
    `live.mount(Board, { props, key: "k", room: "r" })`,
    `Object literal may only specify known properties, and 'room' does not exist in type '${shared}'.`
  ],
  [
    "a key comes together with a room in a test",
    `test.mount(Board, { props, key: "k", room: "r" })`,
    `Object literal may only specify known properties, and 'room' does not exist in type '${shared}'.`
  ],
  [
    "a key comes together with a room in a view",
    `useComponent(Board, { props, key: "k", room: "r" })`,
    `Object literal may only specify known properties, and 'room' does not exist in type '${shared.replace("MountCache", "ViewOptions<typeof Board>")}'.`
  ],
  [
    "a shared component is mounted without a key",
    "live.mount(Retro, {})",
    "Argument of type '{}' is not assignable to parameter of type '{ readonly props?: {} | undefined; } & SharedMount<string> & MountCache'."
  ],
  [
    "a view gives no key to a shared component",
    "useComponent(Retro)",
    "Argument of type 'typeof Retro' is not assignable to parameter of type 'typeof Retro & KeyMissing'."
  ],
  [
    "props are missing",
    "live.mount(Board, {})",
    `Argument of type '{}' is not assignable to parameter of type '${options}'.`
  ],
  [
    "props are missing beside a key",
    `useComponent(Board, { key: "k" })`,
    `Argument of type '{ key: string; }' is not assignable to parameter of type '${options.replace("MountCache", "ViewOptions<typeof Board>")}'.`
  ],
  [
    "a view gives no props at all",
    "useComponent(Board)",
    "Argument of type 'typeof Board' is not assignable to parameter of type 'typeof Board & PropsMissing<{ readonly title: string; }>'."
  ],
  [
    "a prop is misspelt",
    `useComponent(Board, { props: { titel: "a" } })`,
    "Object literal may only specify known properties, but 'titel' does not exist in type '{ readonly title: string; }'. " +
      "Did you mean to write 'title'?"
  ],
  [
    "a field is set that is not writable",
    `board.set("cards", [])`,
    `Argument of type '"cards"' is not assignable to parameter of type '"cards" & NotWritable<"cards">'.`
  ],
  [
    "a field is set to what it cannot be",
    `view.set("pinned", 1)`,
    "Argument of type 'number' is not assignable to parameter of type 'boolean'."
  ],
  [
    "a field is edited that nothing takes",
    `useField(view, "cards")`,
    `Argument of type '"cards"' is not assignable to parameter of type '"cards" & NoActionTakes<"cards">'.`
  ],
  [
    "a field is listed as writable that there is not",
    `Component.Service()("Bad", { state: { a: Schema.Int }, initial: () => ({ a: 1 }), writable: ["b"] })`,
    `Type '"b"' is not assignable to type '"a"'.`
  ],
  [
    "an action is called that the contract lacks",
    "board.call.Remove()",
    `Property 'Remove' does not exist on type 'Calls<Rpc<"Add", Struct<{ card: String; }>, Int, typeof Full, never, never> | ` +
      `Rpc<"Close", Void, Void, Never, never, never>>'.`
  ]
]

const header = contract.split("\n").length
const program = [contract, ...mistakes.map(([, code]) => code), ""].join("\n")

/** The members of a union come in the order in which the compiler has met them. */
const inOrder = (message: string) =>
  message.replaceAll("LiveError | Full", "Full | LiveError").replaceAll('"Closed" | "Added"', '"Added" | "Closed"')

/** A program of one file, `mistakes.tsx`, which is not there but beside the sources, and only looked at itself. */
const compile = () => {
  const path = join(root, "mistakes.tsx")
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
    // What an application has: fibra itself is checked with more than that.
    { exactOptionalPropertyTypes: false, incremental: false }
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, version, ...rest) =>
    name === path ? ts.createSourceFile(name, program, version) : getSourceFile(name, version, ...rest)
  const compiled = ts.createProgram([path], options, host)
  return compiled.getSemanticDiagnostics(compiled.getSourceFile(path))
}

/** The first line of the first error on each line of the program. */
const firstLines = () => {
  const found = new Map<number, string>()
  for (const { file, messageText, start = 0 } of compile()) {
    const index = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1 - header
    const [first = ""] = ts.flattenDiagnosticMessageText(messageText, "\n").split("\n")
    if (!found.has(index)) found.set(index, inOrder(first))
  }
  return found
}

describe("a type error", () => {
  it("a type error says in its first line what is wrong", () => {
    const found = firstLines()
    const said = mistakes.map(([mistake], index) => `${mistake}: ${found.get(index + 1)}`)
    assert.deepStrictEqual(
      said,
      mistakes.map(([mistake, , says]) => `${mistake}: ${says}`)
    )
    // The contract itself is in order.
    assert.deepStrictEqual(
      [...found.keys()].filter((index) => index < 1),
      []
    )
  })
})
