/** `fibra/testing`: components in memory and in virtual time. */
export { LiveTest } from "./LiveTest.ts"
