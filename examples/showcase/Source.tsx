/// <reference types="vite/client" />
// The files of a part of the page, to be read there.

/** Texts by their paths. */
const files: { readonly [path: string]: string } = import.meta.glob(
  ["../{registration,system}/*.ts", "./{Registration,SystemMonitor}View.tsx"],
  { query: "?raw", import: "default", eager: true }
)

interface SourceProps {
  /** How the names of the files begin. */
  readonly of: string
}

export const Source = ({ of }: SourceProps) => (
  <details className="source">
    <summary>Its source</summary>
    {Object.entries(files)
      .map(([path, text]) => ({ name: path.slice(path.lastIndexOf("/") + 1), text }))
      .filter(({ name }) => name.startsWith(of))
      .map(({ name, text }) => (
        <figure key={name}>
          <figcaption>{name}</figcaption>
          <pre tabIndex={0} aria-label={name}>
            <code>{text.replace(/^\/\/ #(end)?region.*\n/gm, "").trim()}</code>
          </pre>
        </figure>
      ))}
  </details>
)
