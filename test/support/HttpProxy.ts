/** A proxy of HTTP between a client and its server, set up as well or as badly as a test says. */
import { createServer, request as ask, type Server } from "node:http"
import { Effect, type Scope } from "effect"

/** A proxy in front of a port, which passes upgrades on or does not, and the Host header or its own. */
export const httpProxy = (
  target: number,
  options: { readonly upgrades: boolean; readonly host: boolean; readonly skew?: number; readonly missing?: string }
) => {
  const headersOf = (headers: NodeJS.Dict<string | Array<string>>): typeof headers => ({
    ...headers,
    ...(options.host ? {} : { host: `127.0.0.1:${target}` })
  })
  const server = createServer((incoming, response) => {
    if (incoming.url === options.missing) return void response.writeHead(404).end()
    const { connection: _, upgrade: __, ...headers } = headersOf(incoming.headers)
    ask({ port: target, path: incoming.url, headers }, (answer) => {
      const date = new Date(Date.now() + (options.skew ?? 0)).toUTCString()
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date })
      answer.pipe(response)
    }).end()
  })
  if (options.upgrades) {
    server.on("upgrade", ({ headers, url }, socket) => {
      if (url === options.missing) return void socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
      const sent = ask({ port: target, path: url, headers: headersOf(headers) })
      sent.on("upgrade", (_, upstream) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        upstream
          .pipe(socket)
          .on("error", () => {})
          .pipe(upstream)
          .on("error", () => {})
      })
      sent.on("response", ({ statusCode }) => socket.end(`HTTP/1.1 ${statusCode} No\r\nContent-Length: 0\r\n\r\n`))
      sent.end()
    })
  }
  return listening(server)
}

const listening = (server: Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as { port: number }).port)))
    }),
    () => Effect.sync(() => (server.closeAllConnections(), server.close()))
  )
