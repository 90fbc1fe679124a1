// Code in the documentation is code of this project, so that it compiles and is tested.
//
// Every block of code (not of JSON, a shell or a text) of README.md, of docs/ and of the docstrings in src/ stands under a comment that
// says where it comes from:
//
//   <!-- snippet: examples/counter/Counter.ts#contract -->   from `// #region contract` to `// #endregion contract` (in Python, `# #region`)
//   <!-- snippet: examples/counter/Counter.ts -->            the whole file
//
//   node scripts/snippets.ts            fails when a block is not what its source says
//   node scripts/snippets.ts --write    writes the blocks anew
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** A sentence each: what happened, what was expected, what to do. */
interface Problem {
  readonly happened: string
  readonly expected: string
  readonly todo: string
}

type Extracted = { readonly lines: ReadonlyArray<string> } | { readonly problem: Problem }

const root = fileURLToPath(new URL("..", import.meta.url))
const write = process.argv.includes("--write")

/** In a docstring a line begins with a star. */
const fence = /^(\s*(?:\* )?)(`{3,}|~{3,})\s*(\w*)/
const comment = /^\s*(?:\* )?<!--\s*snippet:\s*([^\s#]+)(?:#(\S+))?\s*-->\s*$/
const marker = /^\s*(?:\/\/|#|\{?\/\*)\s*#(region|endregion)\b\s*([^\s*]*)/

const quote = (line: string | undefined): string => (line === undefined ? "the end" : JSON.stringify(line))

const isBlank = (line: string): boolean => line.trim() === "" || line.trim() === "*"

/** Without what surrounds a region: indentation, blank lines at both ends, markers of other regions. */
const tidy = (region: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines = region.filter((line) => !marker.test(line)).map((line) => line.trimEnd())
  const first = lines.findIndex((line) => !isBlank(line))
  const last = lines.findLastIndex((line) => !isBlank(line))
  const body = lines.slice(Math.max(first, 0), last + 1)
  const indent = Math.min(...body.filter((line) => !isBlank(line)).map((line) => line.search(/\S/)))
  return body.map((line) => line.slice(indent))
}

const extract = (path: string, region: string | undefined): Extracted => {
  const file = join(root, path)
  if (!existsSync(file)) {
    return {
      problem: {
        happened: `the block comes from ${path}, and there is no such file.`,
        expected: "a path from the root of the project.",
        todo: "correct the path in the comment above the block, or remove the block."
      }
    }
  }
  const lines = readFileSync(file, "utf8").split("\n")
  if (region === undefined) return { lines: tidy(lines) }
  const positions = (kind: string): ReadonlyArray<number> =>
    lines.flatMap((line, index) => {
      const found = marker.exec(line)
      return found?.[1] === kind && found[2] === region ? [index] : []
    })
  const [begin, ...otherBegins] = positions("region")
  const [end, ...otherEnds] = positions("endregion")
  if (begin === undefined || end === undefined || end < begin || otherBegins.length + otherEnds.length > 0) {
    const names = lines.flatMap((line) => {
      const found = marker.exec(line)
      return found?.[1] === "region" && found[2] ? [found[2]] : []
    })
    return {
      problem: {
        happened: `the block comes from the region ${region} of ${path}, and there is not exactly one such region.`,
        expected: `one \`// #region ${region}\` and after it one \`// #endregion ${region}\`; regions found there: ${names.join(", ") || "none"}.`,
        todo: `mark the region in ${path}, or correct the comment above the block.`
      }
    }
  }
  return { lines: tidy(lines.slice(begin + 1, end)) }
}

interface Block {
  readonly language: string
  readonly indent: string
  /** Indices of its first line of code, and of the line that closes it. */
  readonly begin: number
  readonly end: number
  /** What the line above it says. */
  readonly source: RegExpExecArray | null
}

/** What is code; JSON and transcripts have tests of their own. */
const languages: ReadonlySet<string> = new Set([
  "ts",
  "tsx",
  "typescript",
  "js",
  "javascript",
  "py",
  "python",
  "html",
  "vue",
  "svelte"
])

const codeBlocks = (lines: ReadonlyArray<string>): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  for (let index = 0; index < lines.length; index++) {
    const opening = fence.exec(lines[index] ?? "")
    if (opening === null) continue
    const [, indent = "", ticks = "", language = ""] = opening
    const closing = lines.findIndex((line, at) => at > index && line.slice(indent.length).trim() === ticks)
    const end = closing === -1 ? lines.length : closing
    const above = lines.slice(0, index).findLast((line) => !isBlank(line)) ?? ""
    blocks.push({ language, indent, begin: index + 1, end, source: comment.exec(above) })
    index = end
  }
  return blocks.filter(({ language }) => languages.has(language))
}

/** Checks one page, or writes it; returns how many blocks it has. */
const checkPage = (page: string, report: (line: number, problem: Problem) => void): number => {
  const file = join(root, page)
  const lines = readFileSync(file, "utf8").split("\n")
  const blocks = codeBlocks(lines)
  let changed = false
  // From the last to the first, so that writing one does not move those still to come.
  for (const { begin, end, indent, language, source } of blocks.toReversed()) {
    if (source === null) {
      report(begin, {
        happened: `a ${language} block does not say where it comes from.`,
        expected: "the comment `<!-- snippet: path/to/file.ts#region -->` on the line above it.",
        todo: "move the code into a file of examples/ or test/, mark the region, and name it above the block."
      })
      continue
    }
    const [, path = "", region] = source
    const extracted = extract(path, region)
    if ("problem" in extracted) {
      report(begin, extracted.problem)
      continue
    }
    const isDocstring = indent.endsWith("* ")
    if (isDocstring && extracted.lines.some((line) => line.includes("*/"))) {
      report(begin, {
        happened: `the block comes from ${path}, and has a comment that would end the docstring it is in.`,
        expected: "no `*/`.",
        todo: "write the comment with `//`, or move it out of the region."
      })
      continue
    }
    const actual = lines.slice(begin, end)
    const expected = extracted.lines.map((line) =>
      line === "" ? (isDocstring ? indent.trimEnd() : "") : indent + line
    )
    const length = Math.max(actual.length, expected.length)
    const at = Array.from({ length }).findIndex((_, line) => actual[line] !== expected[line])
    if (at === -1) continue
    if (write) {
      lines.splice(begin, end - begin, ...expected)
      changed = true
    } else {
      report(begin + at + 1, {
        happened: `the block is not what ${path}${region ? `#${region}` : ""} says: ${quote(actual[at])}.`,
        expected: `${quote(expected[at])}.`,
        todo: "run `npm run snippets`, and read what it changed."
      })
    }
  }
  if (changed) {
    writeFileSync(file, lines.join("\n"))
    console.log(`wrote ${page}`)
  }
  return blocks.length
}

const pages = globSync(["README.md", "docs/**/*.md", "src/**/*.{ts,tsx}"], { cwd: root }).sort()
let blocks = 0
let problems = 0
let withCode = 0
for (const page of pages) {
  const found = checkPage(page, (line, { expected, happened, todo }) => {
    problems++
    console.error(`${page}:${line}: ${happened}\n  Expected: ${expected}\n  To do: ${todo}\n`)
  })
  blocks += found
  if (found > 0) withCode++
}
console.log(`${blocks} code blocks in ${withCode} pages, ${problems} not in order.`)
process.exitCode = problems === 0 ? 0 : 1
