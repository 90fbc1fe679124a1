/** `fibra.js`: the stores, and what contracts are made of, in one file for `<script type="module">`. */
export * as Component from "../Component.ts"
export * as Upload from "../Upload.ts"
export { LiveStore } from "../store/LiveStore.ts"
export { statusText } from "../store/StatusText.ts"
export * as Rpc from "./Rpc.ts"
export * as Schema from "./Schema.ts"
