"use client"
/** `fibra/devtools` in production: nothing, under the same names. */
import type { DevtoolsOptions } from "./Devtools.ts"

export type { DevtoolsOptions }

/** Shows nothing. */
export const LiveDevtools: (options: DevtoolsOptions) => null = () => null
