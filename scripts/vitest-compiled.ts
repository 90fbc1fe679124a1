// What the programs that tests start have compiled, for those that come after them: it is gone with the test run.
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const folder = join(tmpdir(), `fibra-compiled-${process.pid}`)

export const teardown = () => rmSync(folder, { recursive: true, force: true })
