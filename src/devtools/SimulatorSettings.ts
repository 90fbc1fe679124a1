/** Where a page keeps the settings of its simulator: until its tab is closed, and for no other. */
import { calm, type Disturbance, most } from "./Simulator.ts"

const name = "fibra/devtools/simulator"

/** What may be kept; without a storage, or with one that is refused, nothing is. */
export type SettingsStorage = Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined

const within = (value: unknown, most: number): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.min(Math.max(value, 0), most) : 0

/** Settings that are possible, whatever was given. */
export const sane = (given: { readonly [Name in keyof Disturbance]?: unknown }): Disturbance => ({
  delay: within(given.delay, most.delay),
  jitter: within(given.jitter, most.jitter),
  drop: within(given.drop, most.drop),
  offline: given.offline === true
})

/** Whether all is well. */
export const isCalm = ({ delay, drop, jitter, offline }: Disturbance): boolean =>
  delay === 0 && jitter === 0 && drop === 0 && !offline

/** What was kept. */
export const read = (storage: SettingsStorage): Disturbance => {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(name) ?? "null")
    return typeof kept === "object" && kept !== null ? sane(kept) : calm
  } catch {
    // Somebody else's, or refused.
    return calm
  }
}

/** Keeps settings. */
export const write = (storage: SettingsStorage, settings: Disturbance): void => {
  try {
    if (isCalm(settings)) storage?.removeItem(name)
    else storage?.setItem(name, JSON.stringify(settings))
  } catch {
    // Full, or refused: they are those of this page all the same.
  }
}
