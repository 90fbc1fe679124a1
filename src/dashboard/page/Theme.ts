/** Light, dark, or as the system has it; remembered by the browser. */

/** The choices. */
export const themes = ["system", "light", "dark"] as const

/** One of the choices. */
export type Theme = (typeof themes)[number]

const name = "fibra-dashboard-theme"

/** Told after each change of the colours. */
export const changed = new EventTarget()

const tell = (): void => void changed.dispatchEvent(new Event("change"))

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell)

/** What was chosen last. */
export const chosen = (): Theme => themes.find((theme) => theme === localStorage.getItem(name)) ?? "system"

/** Shows the page in it. */
export const apply = (theme: Theme): void => {
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme
  tell()
}

/** Chooses it. */
export const choose = (theme: Theme): void => {
  localStorage.setItem(name, theme)
  apply(theme)
}
