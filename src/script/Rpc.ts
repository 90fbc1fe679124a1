/** The actions of a contract, of `effect/rpc`. */
export { make } from "effect/rpc/Rpc"
