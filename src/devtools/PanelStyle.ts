/** How the panel looks, in the theme of the system. Nothing of the page reaches into it, and it does not reach out. */

const light = `
  --ground: #ffffff;
  --raised: #f2f4f5;
  --line: #c9d1d4;
  --edge: #6b7774;
  --text: #14201f;
  --soft: #4c5956;
  --accent: #0b6760;
  --on-accent: #ffffff;
  --bad: #a3221b;`

const dark = `
  --ground: #14191a;
  --raised: #1f2628;
  --line: #3a4649;
  --edge: #8a9b97;
  --text: #e7eeed;
  --soft: #abbab7;
  --accent: #2dd4bf;
  --on-accent: #06201d;
  --bad: #ffb4a9;`

const rules = `
:host { all: initial; color-scheme: light; ${light} }
@media (prefers-color-scheme: dark) { :host { color-scheme: dark; ${dark} } }
@media print { :host { display: none } }
* { box-sizing: border-box }
aside {
  position: fixed; right: 0.75rem; bottom: 0.75rem; z-index: 2147483647;
  display: flex; flex-direction: column; align-items: flex-end; gap: 0.5rem;
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--text);
}
button, input, select { font: inherit; color: inherit }
button {
  padding: 0.25rem 0.7rem; border: 1px solid var(--edge); border-radius: 0.4rem; background: var(--ground); cursor: pointer;
}
button:hover { background: var(--raised) }
input[type="number"], input[type="search"] {
  padding: 0.2rem 0.4rem; border: 1px solid var(--edge); border-radius: 0.3rem; background: var(--ground);
}
input[type="number"] { width: 6rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px }
.toggle { background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600 }
.toggle:hover { background: var(--accent); text-decoration: underline }
.panel {
  display: flex; flex-direction: column; width: min(54rem, calc(100vw - 1.5rem)); height: min(30rem, calc(100vh - 5rem));
  overflow: hidden; border: 1px solid var(--edge); border-radius: 0.5rem; background: var(--ground);
}
[hidden] { display: none !important }
header, .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.8rem }
header { padding: 0.4rem 0.7rem; border-bottom: 1px solid var(--line); background: var(--raised) }
h2, h3, p, dl, dd { margin: 0 }
h2 { font-size: 1rem }
h3 { font-size: 0.95rem; margin-top: 0.8rem }
.close { margin-left: auto }
[role="tablist"] { display: flex; gap: 0.2rem; padding: 0.3rem 0.6rem 0; border-bottom: 1px solid var(--line) }
[role="tab"] { border-color: transparent; border-radius: 0.4rem 0.4rem 0 0 }
[role="tab"][aria-selected="true"] { border-color: var(--line); border-bottom-color: var(--ground); color: var(--accent); font-weight: 600 }
[role="tabpanel"] { flex: 1; min-height: 0; overflow: auto; padding: 0.6rem 0.7rem }
.bar { position: sticky; top: -0.6rem; padding: 0.3rem 0; background: var(--ground) }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.15rem 0.5rem 0.15rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 500 }
td:last-child { width: 100%; overflow-wrap: anywhere }
td:not(:last-child), th { white-space: nowrap }
.soft, dt { color: var(--soft) }
.bad { color: var(--bad) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 0.9rem; margin: 0.3rem 0 }
dd, summary { overflow-wrap: anywhere }
details { border-bottom: 1px solid var(--line); padding: 0.25rem 0 }
td details { border: 0; padding: 0 }
summary { cursor: pointer }
pre {
  max-height: 14rem; overflow: auto; margin: 0.3rem 0; padding: 0.4rem 0.6rem; border-radius: 0.3rem; background: var(--raised);
  font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
}
a { color: var(--accent) }
label { display: inline-flex; align-items: center; gap: 0.4rem }
form { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.1rem; margin: 0.4rem 0 }`

/** Applies it: as a sheet of its own, which no policy of the page is in the way of. */
export const styled = (root: ShadowRoot): void => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(rules)
  root.adoptedStyleSheets = [sheet]
}
