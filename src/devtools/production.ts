"use client"
/** `fibra/devtools` and `fibra/devtools/store` in production: nothing, under the same names. */
import type { DevtoolsOptions } from "./Devtools.ts"

/** Shows nothing. */
export const LiveDevtools: (options: DevtoolsOptions) => null = () => null

/** Shows nothing. */
export const showDevtools: (page: unknown, options?: DevtoolsOptions) => () => void = () => () => {}
