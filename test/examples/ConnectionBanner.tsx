/** docs/react.md: a banner that is there while there is no connection. */
// #region banner
import { useConnection } from "fibra/react"

export const ConnectionBanner = () => {
  const { retry, retryAt, since, status } = useConnection()
  if (status === "connected" || since === undefined) return null
  const time = (at: number) => new Date(at).toLocaleTimeString()
  return (
    <p role="alert">
      No connection since {time(since)}. {retryAt !== undefined && `The next attempt is made at ${time(retryAt)}. `}
      <button onClick={retry}>Try now</button>
    </p>
  )
}
// #endregion banner
