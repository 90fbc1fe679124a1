"use client"
/** `fibra/devtools`: what goes on between a page and its server, while it is developed. */
export type { DevtoolsOptions } from "./Devtools.ts"
export { LiveDevtools } from "./LiveDevtools.ts"
