/** What axe finds on a page, in a few words. */
import axe from "axe-core"
import { Effect } from "effect"
import type { Page } from "playwright-core"

/** Looks at the whole page with all rules. */
export const findings = (page: Page): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate(() =>
      // What is in order is not described, which takes longer than to find it.
      (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] })
    )
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)
  })
