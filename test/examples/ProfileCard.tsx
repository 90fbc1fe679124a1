/** docs/react.md: a view that is shown when there is something to show. */
// #region card
import { useSuspenseComponent } from "fibra/react"
import { Suspense } from "react"
import { Profile } from "./Profile.ts"

const Card = () => {
  const profile = useSuspenseComponent(Profile) // waits for the server's state
  return <h2>{profile.state.name}</h2>
}

export const ProfileCard = () => (
  <Suspense fallback={<p>Loading …</p>}>
    <Card />
  </Suspense>
)
// #endregion card
