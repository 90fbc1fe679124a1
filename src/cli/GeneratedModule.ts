/** The module that `fibra generate` writes, from what was found in a folder: the same text for the same modules. */
import { posix } from "node:path"
import { Finding } from "./Finding.ts"
import type { Exported, FoundBehavior, FoundComponent, ModuleScan, Reference } from "./ModuleScan.ts"

/** The text of the module, or everything that is wrong with what it is made from. */
export const make = (
  scans: ReadonlyArray<ModuleScan>,
  options: { readonly command: string; readonly folder: string; readonly out: string }
): { readonly text: string; readonly components: number } | ReadonlyArray<Finding> => {
  const components = scans.flatMap(({ components }) => components).toSorted(byPlace)
  const behaviors = scans
    .flatMap(({ behaviors }) => behaviors)
    .map((behavior) => ({ behavior, of: behavior.of.flatMap((reference) => find(components, behavior, reference)) }))
    .filter(({ of }) => of.length > 0)
    .toSorted((a, b) => byPlace(a.behavior, b.behavior))
  const findings = [...doubles(components), ...unmatched(components, behaviors)]
  if (findings.length > 0) return findings
  const exported = [...components, ...behaviors.map(({ behavior }) => behavior)]
  const files = [...new Set(exported.map(({ file }) => file))].toSorted(byText)
  const names = aliases(files)
  const spelt = scans.flatMap(({ extensions }) => extensions)
  const extension = spelt.some((one) => /tsx?$/.test(one)) ? undefined : spelt[0]
  const entries = (of: ReadonlyArray<Exported>) =>
    of.map(({ exportName, file }) => `  ${names.get(file)}.${exportName}`).join(",\n")
  const imports = files.map(
    (file) => `import * as ${names.get(file)} from "${specifier(file, options.out, extension)}"`
  )
  const text = [
    `// Made by \`${options.command}\` from the modules of its folder. Run it again, and do not edit this.`,
    `import { Layer } from "effect"`,
    ...imports,
    "",
    "/** The components. */",
    components.length === 0
      ? "export const components = [] as const"
      : `export const components = [\n${entries(components)}\n] as const`,
    "",
    "/** Their behaviours. */",
    behaviors.length === 0
      ? "export const layer = Layer.empty"
      : `export const layer = Layer.mergeAll(\n${entries(behaviors.map(({ behavior }) => behavior))}\n)`,
    ""
  ].join("\n")
  return { text, components: components.length }
}

/** Whether two texts are the same module: a formatter may have been there. */
export const isSame = (one: string, other: string): boolean => bare(one) === bare(other)

const bare = (text: string): string =>
  text
    .replaceAll("'", '"')
    .replace(/[\s;]+/g, "")
    .replace(/,(?=[\])])/g, "")

/** The component that a behaviour refers to; none for an entity or a group of requests, which have a `toLayer`, too. */
const find = (
  components: ReadonlyArray<FoundComponent>,
  { file }: FoundBehavior,
  { name, source }: Reference
): ReadonlyArray<FoundComponent> => {
  const ofThatName = components.filter(({ exportName }) => exportName === name)
  if (source !== undefined && !source.startsWith(".")) return ofThatName.slice(0, 1)
  const path = source === undefined ? file : posix.join(posix.dirname(file), source)
  const there = ofThatName.filter((component) => withoutExtension(component.file) === withoutExtension(path))
  // It may be exported once more by a module in between.
  return there.length > 0 || source === undefined ? there : ofThatName.slice(0, 1)
}

const place = ({ file, line }: Exported): string => `${file}:${line}`

/** Two components of one name. */
const doubles = (components: ReadonlyArray<FoundComponent>): ReadonlyArray<Finding> =>
  components.flatMap((component, index) => {
    const first = components.findIndex(({ name }) => name === component.name)
    if (first === index) return []
    return [
      new Finding({
        message: `${place(component)} calls a component "${component.name}", and so does ${place(components[first] ?? component)}.`,
        hint: "Rename one of them: clients mount a component by its name."
      })
    ]
  })

/** Components with no behaviour, and those with more than one. */
const unmatched = (
  components: ReadonlyArray<FoundComponent>,
  behaviors: ReadonlyArray<{ readonly behavior: FoundBehavior; readonly of: ReadonlyArray<FoundComponent> }>
): ReadonlyArray<Finding> =>
  components.flatMap((component) => {
    const [own, second] = behaviors.filter(({ of }) => of.includes(component)).map(({ behavior }) => behavior)
    if (own === undefined) {
      return [
        new Finding({
          message: `${place(component)} ${component.exportName} has no behaviour.`,
          hint: `Export one from a module of the folder: export const ${component.exportName}Layer = ${component.exportName}.toLayer(…).`
        })
      ]
    }
    if (second === undefined) return []
    return [
      new Finding({
        message: `${place(second)} ${second.exportName} is a behaviour of ${component.exportName}, and so is ${own.exportName} of ${place(own)}.`,
        hint: "Export one of them, or leave the other out of the folder."
      })
    ]
  })

/**
 * A name for each module: that of its file, or with its folders where two files have the same. Two files may still have
 * the same, such as `chat-room.ts` and `chat_room.ts`; then the later one has a line more at its end.
 */
const aliases = (files: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const short = (file: string) => identifier(posix.basename(withoutExtension(file)))
  const count = Map.groupBy(files, short)
  const names = new Map<string, string>()
  const given = new Set<string>()
  for (const file of files) {
    let name =
      count.get(short(file))?.length === 1 ? short(file) : identifier(withoutExtension(file).replaceAll("/", "_"))
    while (given.has(name)) name += "_"
    given.add(name)
    names.set(file, name)
  }
  return names
}

const taken = new Set(["Layer", "components", "layer", "default", "class", "new", "delete", "import", "export"])

const identifier = (text: string): string => {
  const name = text.replace(/[^\p{ID_Continue}$]/gu, "_").replace(/^(?=\d)/, "_")
  return taken.has(name) ? `${name}_` : name
}

/** Spelt as the modules spell their imports: as the file is called, or with another extension or none. */
const specifier = (file: string, out: string, extension: string | undefined): string => {
  const path = posix.relative(posix.dirname(out), file)
  const spelt = extension === undefined ? path : `${withoutExtension(path)}${extension}`
  return spelt.startsWith(".") ? spelt : `./${spelt}`
}

const withoutExtension = (path: string): string => path.replace(/\.[cm]?[jt]sx?$/, "")

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byPlace = (a: Exported, b: Exported): number => byText(a.file, b.file) || a.line - b.line
