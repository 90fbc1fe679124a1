// The error classes of src/: what stands above each in its file, and an example of everything it can say.
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import ts from "typescript"

/** What every error of fibra has besides its fields. */
export interface HintedError extends Error {
  readonly _tag?: string
  readonly hint: string
}

/** An error with these fields. */
export interface Example {
  readonly fields: { readonly [name: string]: unknown }
  readonly error: HintedError
}

/** A class of errors. */
export interface ErrorClass {
  readonly name: string
  /** Its name on the wire and for `catchTag`. */
  readonly tag: string
  readonly file: string
  /** Why it happens: the first paragraph of its comment. */
  readonly why: string
  /** Who gets it: the paragraph that begins with "Goes to". */
  readonly goesTo: string
  readonly examples: ReadonlyArray<Example>
}

interface Declaration {
  readonly name: string
  readonly comment: string
}

interface Ast {
  readonly _tag: string
  readonly literal?: unknown
  readonly types?: ReadonlyArray<Ast>
  readonly context?: { readonly isOptional: boolean }
}

type Constructor = new (fields: object) => HintedError

type SchemaClass = Constructor & { readonly fields?: { readonly [name: string]: { readonly ast: Ast } } }

/** What `fibra doctor` prints: its texts are not its own. */
const commandLine = "Finding"

const root = fileURLToPath(new URL("..", import.meta.url))

const issue = 'SchemaError(Missing key\n  at ["text"])'

/** Values for the fields of any error, or of one class; several where its text depends on them. */
const values: { readonly [field: string]: ReadonlyArray<unknown> } = {
  action: ["Add"],
  actor: ["counter"],
  address: ["Board/7"],
  alert: ["alert-7"],
  begun: [false, true],
  capacity: [1000],
  cause: [new Error("no space left on the device")],
  challenge: ["Bearer"],
  child: ["worker"],
  client: [1, 3],
  code: ["EADDRINUSE"],
  component: ["Board"],
  detail: ["the client is connecting"],
  expected: ["4"],
  failure: [{ _tag: "LimitReached", max: 100 }],
  file: ["public/uploads"],
  got: ["7"],
  host: ["127.0.0.1"],
  id: ["Board-1764512345678-x"],
  intensity: [3],
  issue: [issue],
  limit: [64],
  millis: [5000],
  names: [["state.voucher", "SignIn.password"]],
  number: [6],
  path: ["state.total"],
  pool: ["pool-2"],
  port: [3000],
  problems: [[{ setting: "FIBRA_RATE", came: '"fast"', expected: "a number above 0, or Infinity" }]],
  retryAfter: [1500],
  room: ["lobby"],
  server: [2],
  supervisor: ["root"],
  tag: ["add"],
  timeout: [5000],
  unreadable: ['the row "7" of fibra_snapshots'],
  upload: ["photo"],
  what: ['Calling "Add" of "Board"'],
  "Disconnected.connection": [
    { kind: "unreachable", url: "ws://127.0.0.1:3000/api/live/rpc" },
    { kind: "unauthorized", url: "wss://example.org/api/live/rpc", status: 401 }
  ],
  "Disconnected.since": [undefined],
  "ReplayCrashed.cause": ["TypeError: Cannot read properties of null (reading 'price')"],
  "UploadRejected.detail": ["files of this type are not taken here"],
  "KeyRejected.key": ["team 7"],
  "KeyRejected.issue": ["it does not fit the contract"],
  "RoomRejected.issue": ["a name has 1 to 128 characters"]
}

/** Classes without a schema: how each is made. */
const made: { readonly [name: string]: (make: Constructor) => ReadonlyArray<Example> } = {
  NotJson: () => [],
  UnknownMessageType: (make) =>
    ["MOUNT", null, undefined, 7].map((type) => example(make, { type, known: ["COMPONENT_MOUNT", "CALL_ACTION"] })),
  MessageRejected: (make) => [example(make, { type: "COMPONENT_MOUNT", issue })],
  EventsDropped: (make) =>
    ["lobby", undefined].flatMap((room) => [1, 12].map((count) => example(make, { room, count }))),
  Interrupted: () => [],
  PatchMismatch: (make) => {
    const Mismatch = make as unknown as new (...args: ReadonlyArray<unknown>) => HintedError
    return [{ fields: {}, error: new Mismatch(["set", ["list", 3], 1], ["list"], "a list", "nothing") }]
  }
}

const example = (make: Constructor, fields: Example["fields"]): Example => ({ fields, error: new make(fields) })

/** Every literal, everything in the table above, and, where a field may be absent, its absence. */
const valuesOf = (name: string, field: string, ast: Ast): ReadonlyArray<unknown> => {
  const literals = ast.types?.every(({ _tag }) => _tag === "Literal")
    ? ast.types.map(({ literal }) => literal)
    : undefined
  const present = literals ?? values[`${name}.${field}`] ?? values[field]
  if (present === undefined) throw new Error(`Add a value for the field "${field}" to scripts/error-classes.ts.`)
  return ast.context?.isOptional === true ? [...present, undefined] : present
}

const combinations = (fields: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]>): ReadonlyArray<object> =>
  fields.reduce<ReadonlyArray<object>>(
    (all, [field, values]) =>
      all.flatMap((one) => values.map((value) => (value === undefined ? one : { ...one, [field]: value }))),
    [{}]
  )

const examplesOf = (make: SchemaClass): ReadonlyArray<Example> => {
  if (make.fields === undefined) {
    const examples = made[make.name]?.(make)
    if (examples === undefined) throw new Error(`Add ${make.name} to scripts/error-classes.ts.`)
    return examples.length > 0 ? examples : [example(make, {})]
  }
  const fields = Object.entries(make.fields).filter(([field]) => field !== "_tag")
  // The wrappers say what their reason says.
  if (fields.some(([field, { ast }]) => field === "reason" && ast.types?.[0]?._tag !== "Literal")) return []
  return combinations(fields.map(([field, { ast }]) => [field, valuesOf(make.name, field, ast)])).map((fields) =>
    example(make, fields as Example["fields"])
  )
}

const declarationsIn = (file: string): ReadonlyArray<Declaration> => {
  const text = readFileSync(join(root, file), "utf8")
  if (!/extends [\w.]*Error\b/.test(text)) return []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) => {
    const base = declaration.heritageClauses?.[0]?.getText() ?? ""
    const isExported = declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    const name = declaration.name?.text ?? ""
    if (!/^extends (\w+\.)?(Tagged)?Error\b/.test(base) || name === commandLine) return []
    if (isExported !== true) throw new Error(`Export ${name} from ${file}, so that it can be listed.`)
    const comment = ts.getJSDocCommentsAndTags(declaration).find(ts.isJSDoc)
    return { name, comment: ts.getTextOfJSDocComment(comment?.comment) ?? "" }
  })
}

const classOf = (module: { readonly [name: string]: unknown }, file: string, { comment, name }: Declaration) => {
  const examples = examplesOf(module[name] as SchemaClass)
  const [why = "", goesTo = ""] = comment.split(/\n\s*\n/).map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
  return { name, tag: examples[0]?.error._tag ?? name, file, why, goesTo, examples }
}

/** All exported error classes, in the order of their files and of the lines in them. */
export const errorClasses = async (): Promise<ReadonlyArray<ErrorClass>> => {
  const classes: Array<ErrorClass> = []
  for (const file of globSync("src/**/*.{ts,tsx}", { cwd: root }).sort()) {
    const declarations = declarationsIn(file)
    if (declarations.length === 0) continue
    const module = (await import(pathToFileURL(join(root, file)).href)) as { readonly [name: string]: unknown }
    for (const declaration of declarations) classes.push(classOf(module, file, declaration))
  }
  return classes
}
