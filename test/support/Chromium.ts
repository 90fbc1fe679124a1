/**
 * A real Chromium that comes from npm. `@sparticuz/chromium` is made for serverless machines: it unpacks itself into the
 * temporary directory and brings the libraries and fonts such machines lack. Here it gets a directory of its own, so that no
 * other version and no unpacking that was cut short is ever found there.
 */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Context, Effect, Layer } from "effect"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

const home = fileURLToPath(new URL("../../node_modules/.cache/chromium", import.meta.url))

const unpacking = fileURLToPath(new URL("unpackChromium.ts", import.meta.url))

/** In a process of its own: where it unpacks to is said by the environment, which other fixtures use at the same time. */
const unpack = async () => {
  if (existsSync(home)) return
  const unfinished = `${home}.${process.pid}`
  await mkdir(unfinished, { recursive: true })
  await promisify(execFile)(process.execPath, [unpacking], {
    // That it is on a serverless machine makes it unpack the libraries, too.
    env: { ...process.env, TMPDIR: unfinished, AWS_EXECUTION_ENV: "nodejs24.x" }
  })
  const fonts = `<fontconfig><dir>${home}/fonts</dir><cachedir>${home}/fonts-cache</cachedir></fontconfig>\n`
  await writeFile(join(unfinished, "fonts", "fonts.conf"), fonts)
  await rename(unfinished, home).catch(() => rm(unfinished, { recursive: true }))
}

const launch = (env: Record<string, string>) =>
  chromium.launch({
    executablePath: join(home, "chromium"),
    // As root there is no sandbox, and in a container little shared memory. A zygote would leave processes to reap.
    args: ["--no-sandbox", "--no-zygote", "--disable-dev-shm-usage"],
    env: { ...process.env, FONTCONFIG_PATH: join(home, "fonts"), ...env },
    timeout: 60_000
  })

/** Longer than a server takes to start, and a client to find it, on a busy machine. */
export const timeout = 60_000

/** A page in a window of its own, and what should not happen on it. */
export interface Opened {
  readonly page: Page
  readonly complaints: ReadonlyArray<string>
  readonly hosts: ReadonlySet<string>
}

/** A browser without windows. */
export class Chromium extends Context.Service<Chromium, Browser>()("test/browser/Chromium") {
  /** With the libraries of the machine, or with those it brings where they are missing. */
  static readonly layer = Layer.effect(
    Chromium,
    Effect.acquireRelease(
      Effect.promise(async () => {
        await unpack()
        return launch({}).catch(() => launch({ LD_LIBRARY_PATH: join(home, "al2023", "lib") }))
      }),
      (browser) => Effect.promise(() => browser.close())
    )
  )

  /** Opens a page until the Scope closes. */
  static readonly open = Effect.fn("Chromium.open")(function* (url: string, options: BrowserContextOptions = {}) {
    const browser = yield* Chromium
    const context = yield* Effect.acquireRelease(
      Effect.promise(() => browser.newContext(options)),
      (context) => Effect.promise(() => context.close())
    )
    const page = yield* Effect.promise(() => context.newPage())
    const complaints: Array<string> = []
    const hosts = new Set<string>()
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text())
    })
    page.on("pageerror", (error) => complaints.push(String(error)))
    page.on("request", (request) => hosts.add(new URL(request.url()).host))
    page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host))
    page.setDefaultTimeout(timeout)
    yield* Effect.promise(() => page.goto(url))
    return { page, complaints, hosts } satisfies Opened
  })
}
