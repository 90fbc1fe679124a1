// What the programs that tests start are bundled into and have compiled, for those that come after them: it is gone with the test run.
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"

export const folder = join(tmpdir(), `fibra-compiled-${process.pid}`)

export const teardown = () => rmSync(folder, { recursive: true, force: true })

/** With `vitest --watch`, what changed is bundled anew. */
export const setup = (project: TestProject) => project.onTestsRerun(teardown)
