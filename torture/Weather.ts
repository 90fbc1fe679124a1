/** How user code behaves tonight; the script changes it while things run. */
export interface Weather {
  build: "well" | "throws" | "hangs" | "leavesUnencodable"
  finalizer: "well" | "throws" | "hangs"
  background: "none" | "ignoresInterruption"
  right: "yes" | "no" | "dies" | "hangs"
  view: "well" | "throws"
}

/** What a script may change about it. */
export const weathers: { readonly [Part in keyof Weather]: ReadonlyArray<Weather[Part]> } = {
  build: ["well", "throws", "hangs", "leavesUnencodable"],
  finalizer: ["well", "throws", "hangs"],
  background: ["none", "ignoresInterruption"],
  right: ["yes", "no", "dies", "hangs"],
  view: ["well", "throws"]
}

/** Everything behaves. */
export const fair = (): Weather => ({
  build: "well",
  finalizer: "well",
  background: "none",
  right: "yes",
  view: "well"
})
