// What the pages name is there: the links in them, the files in test/README.md, and the functions in docs/architecture.md.
//
//   node scripts/references.ts    fails when something is named that is not there, or a folder of src/ has no line in the architecture
import { existsSync, globSync, readFileSync, statSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))
const architecture = "docs/architecture.md"
const tests = "test/README.md"

const problems: Array<string> = []
const textOf = (path: string): string => readFileSync(join(root, path), "utf8")

/** A page without its blocks of code. */
const prose = (path: string): string =>
  textOf(path).replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ""))

const at = (page: string, text: string, index: number): string => `${page}:${text.slice(0, index).split("\n").length}`

/** The names of the headings of a page, as GitHub gives them. */
const anchorsOf = (path: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  return new Set(
    Array.from(prose(path).matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => {
      const name = heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
      const anchor = name.replaceAll(" ", "-")
      const count = seen.get(anchor) ?? 0
      seen.set(anchor, count + 1)
      return count === 0 ? anchor : `${anchor}-${count}`
    })
  )
}

const checkLinks = (page: string): number => {
  const text = prose(page)
  const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g)).filter(([, target = ""]) => !/^[a-z]+:/.test(target))
  for (const { 1: target = "", index } of links) {
    const [file = "", anchor] = target.split("#", 2)
    const path = file === "" ? page : normalize(join(dirname(page), file))
    if (!existsSync(join(root, path))) problems.push(`${at(page, text, index)}: the link ${target} leads nowhere`)
    else if (anchor !== undefined && path.endsWith(".md") && !anchorsOf(path).has(anchor)) {
      problems.push(`${at(page, text, index)}: ${path} has no heading #${anchor}`)
    }
  }
  return links.length
}

/** The names that a file declares, of functions, methods, fields, constants and types; not those of parameters. */
const namesIn = (path: string): ReadonlySet<string> => {
  const source = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true)
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const { name } = node as ts.Node & { readonly name?: ts.Node }
    const isOwn = !ts.isParameter(node) && !ts.isImportSpecifier(node) && !ts.isBindingElement(node)
    if (isOwn && name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) names.add(name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}

const checkFunctions = (page: string): number => {
  const text = textOf(page)
  const references = Array.from(text.matchAll(/`([\w/]+\.tsx?):(#?\w+)`/g))
  for (const { 1: file = "", 2: name = "", index } of references) {
    const path = `src/${file}`
    if (!existsSync(join(root, path))) problems.push(`${at(page, text, index)}: there is no file ${path}`)
    else if (!namesIn(path).has(name)) problems.push(`${at(page, text, index)}: ${path} has nothing called ${name}`)
  }
  return references.length
}

const checkFolders = (page: string): void => {
  const text = textOf(page)
  for (const folder of ["src", ...globSync("src/**/*", { cwd: root })].sort()) {
    if (!statSync(join(root, folder)).isDirectory() || text.includes(`\`${folder}\``)) continue
    problems.push(`${page}: the folder ${folder} has no line`)
  }
}

const checkFiles = (page: string): number => {
  const text = textOf(page)
  const files = Array.from(text.matchAll(/`((?:test|type-tests)\/[\w/.-]+\.tsx?)`/g))
  for (const { 1: file = "", index } of files) {
    if (!existsSync(join(root, file))) problems.push(`${at(page, text, index)}: there is no file ${file}`)
  }
  return files.length
}

const pages = globSync(["*.md", "docs/**/*.md", "test/**/*.md"], { cwd: root }).sort()
const links = pages.reduce((count, page) => count + checkLinks(page), 0)
const functions = checkFunctions(architecture)
const files = checkFiles(tests) + checkFiles("docs/reliability.md") + checkFiles("docs/security.md")
checkFolders(architecture)
for (const problem of problems) console.error(problem)
console.log(`${links} links, ${functions} functions, ${files} files of tests, ${problems.length} not there.`)
process.exitCode = problems.length === 0 ? 0 : 1
