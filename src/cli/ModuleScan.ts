/**
 * What one module exports of components and behaviours, read from its text: nothing is run, and no types are needed. A
 * component is a class that extends `Component.Service` of fibra; a behaviour is a constant that calls `toLayer` of one.
 */
import type {
  CallExpression,
  Class,
  Expression,
  Node,
  ParseResult,
  parseSync,
  Program,
  VariableDeclarator,
  visitorKeys
} from "oxc-parser"
import { Finding } from "./Finding.ts"

/** The part of `oxc-parser` that is needed; it is there only where it was installed. */
export interface Parser {
  readonly parseSync: typeof parseSync
  readonly visitorKeys: typeof visitorKeys
}

/** Something that a module exports. */
export interface Exported {
  readonly exportName: string
  /** From the folder, with slashes. */
  readonly file: string
  readonly line: number
}

/** A component. */
export interface FoundComponent extends Exported {
  /** Its name on the wire. */
  readonly name: string
}

/** Where the component of a behaviour may be found: under this name in the module that is named, or in the same one. */
export interface Reference {
  readonly name: string
  readonly source: string | undefined
}

/** A behaviour, or whatever else has a `toLayer`. */
export interface FoundBehavior extends Exported {
  readonly of: ReadonlyArray<Reference>
}

/** The components and behaviours of a module, and how its imports end, such as `.ts`. */
export interface ModuleScan {
  readonly components: ReadonlyArray<FoundComponent>
  readonly behaviors: ReadonlyArray<FoundBehavior>
  readonly extensions: ReadonlyArray<string>
}

/** Whether a module may have one of them; most need not be parsed. */
export const isCandidate = (text: string): boolean => /\bService\b/.test(text) || text.includes("toLayer")

/** The line of an offset, from 1. */
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length

/** Reads a module; fails with the place that is no TypeScript, or where a component has no name. */
export const scan = (parser: Parser, file: string, text: string): ModuleScan | Finding => {
  const result = parser.parseSync(file, text)
  const [error] = result.errors
  if (error !== undefined) {
    return new Finding({
      message: `${file}:${lineOf(text, error.labels[0]?.start ?? 0)} is not TypeScript: ${error.message}.`,
      hint: "Correct it, and run the command again."
    })
  }
  const imports = importsOf(result)
  const components: Array<FoundComponent> = []
  const behaviors: Array<FoundBehavior> = []
  const exported = exportsOf(result)
  for (const declaration of declarationsOf(result.program)) {
    const local = declaration.id?.type === "Identifier" ? declaration.id.name : undefined
    const exportName = local === undefined ? undefined : exported.get(local)
    if (local === undefined || exportName === undefined) continue
    const place = { exportName, file, line: lineOf(text, declaration.start) }
    if (declaration.type === "VariableDeclarator") {
      const of = [...calledOn(parser, declaration.init)].map((name) => imports.get(name) ?? { name, source: undefined })
      if (of.length > 0) behaviors.push({ ...place, of })
      continue
    }
    const call = serviceCall(declaration.superClass)
    if (call === undefined || imports.get(call.root)?.source !== "fibra") continue
    const [name] = call.arguments
    if (name?.type !== "Literal" || typeof name.value !== "string") {
      return new Finding({
        message: `${file}:${place.line} the name of ${exportName} is not a text.`,
        hint: `Write it out: Component.Service<${exportName}>()("${exportName}", …).`
      })
    }
    components.push({ ...place, name: name.value })
  }
  const extensions = [...imports.values()].flatMap(({ source = "" }) =>
    source.startsWith(".") ? [/\.[cm]?[jt]sx?$/.exec(source)?.[0] ?? ""] : []
  )
  return { components, behaviors, extensions }
}

/** What each imported name stands for. */
const importsOf = ({ module }: ParseResult): ReadonlyMap<string, Reference> =>
  new Map(
    module.staticImports.flatMap(({ entries, moduleRequest }) =>
      entries.map(({ importName, localName }) => [
        localName.value,
        { name: importName.name ?? localName.value, source: moduleRequest.value }
      ])
    )
  )

/** The names that declarations of this module are exported by. */
const exportsOf = ({ module }: ParseResult): ReadonlyMap<string, string> =>
  new Map(
    module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ exportName, isType, localName, moduleRequest }) =>
        moduleRequest === null && !isType && localName.name !== null && exportName.name !== null
          ? [[localName.name, exportName.name] as const]
          : []
      )
    )
  )

/** Classes and constants on the top level. */
const declarationsOf = (program: Program): ReadonlyArray<Class | VariableDeclarator> =>
  program.body.flatMap((statement): ReadonlyArray<Class | VariableDeclarator> => {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
    if (declaration?.type === "ClassDeclaration") return [declaration]
    return declaration?.type === "VariableDeclaration" ? declaration.declarations : []
  })

/** `Component.Service<…>()("Name", …)`: its root, `Component`, and the arguments of the second call. */
const serviceCall = (
  expression: Expression | null
): { readonly root: string; readonly arguments: CallExpression["arguments"] } | undefined => {
  if (expression?.type !== "CallExpression" || expression.callee.type !== "CallExpression") return undefined
  const { callee } = expression.callee
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return undefined
  const root = rootOf(callee.object)
  return callee.property.name === "Service" && root !== undefined
    ? { root, arguments: expression.arguments }
    : undefined
}

const rootOf = (expression: Expression): string | undefined => {
  if (expression.type === "Identifier") return expression.name
  return expression.type === "MemberExpression" ? rootOf(expression.object) : undefined
}

/** The names that `toLayer` is called on, in functions as well: `Layer.unwrap(Effect.map(…, () => Counter.toLayer(…)))`. */
const calledOn = (parser: Parser, from: Node | null): ReadonlySet<string> => {
  const names = new Set<string>()
  const visit = (node: Node): void => {
    if (node.type === "CallExpression" && node.callee.type === "MemberExpression") {
      const { object, property } = node.callee
      if (object.type === "Identifier" && property.type === "Identifier" && property.name === "toLayer") {
        names.add(object.name)
      }
    }
    for (const key of parser.visitorKeys[node.type] ?? []) {
      const child: unknown = Reflect.get(node, key)
      for (const one of Array.isArray(child) ? child : [child]) if (one) visit(one as Node)
    }
  }
  if (from !== null) visit(from)
  return names
}
