// Every exported type of src/ has a name of its own: a reader who meets it knows which one it is.
//
//   node scripts/type-names.ts    names the types that are declared twice; exits with 1 when there are any
//
// `Options` is the one exception: it is always read through its module (`RestartPolicy.Options`).
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const shared: ReadonlySet<string> = new Set(["Options"])

const root = fileURLToPath(new URL("..", import.meta.url))

const isTypeDeclaration = (statement: ts.Statement): statement is ts.DeclarationStatement =>
  ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isClassDeclaration(statement)

const exportedTypes = (file: string): ReadonlySet<string> => {
  const source = ts.createSourceFile(file, readFileSync(`${root}/${file}`, "utf8"), ts.ScriptTarget.Latest)
  const isExported = (statement: ts.Statement) =>
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  return new Set(
    source.statements
      .filter(isTypeDeclaration)
      .filter(isExported)
      .flatMap(({ name }) => (name === undefined ? [] : [name.text]))
  )
}

const files = globSync("src/**/*.{ts,tsx}", { cwd: root }).sort()
const filesOf = new Map<string, Array<string>>()
for (const file of files) {
  for (const name of exportedTypes(file)) filesOf.set(name, [...(filesOf.get(name) ?? []), file])
}
const doubles = [...filesOf].filter(([name, files]) => files.length > 1 && !shared.has(name))
for (const [name, files] of doubles) console.log(`${name} is declared in ${files.join(" and in ")}`)
console.log(`${filesOf.size} exported types in ${files.length} files, ${doubles.length} of them declared twice.`)
process.exitCode = doubles.length === 0 ? 0 : 1
