/** `fibra/react`: live components in React 18 and later. */
export type { PromiseCalls, LiveComponent } from "./LiveComponent.ts"
export { LiveProvider, type LiveProviderProps } from "./LiveProvider.tsx"
export { liveness, type Liveness, LiveStatus, type LiveStatusProps, type LiveStatusText } from "./LiveStatus.tsx"
export { useComponent } from "./useComponent.ts"
export { useEvent } from "./useEvent.ts"
export { usePresence } from "./usePresence.ts"
