/** The form for the token of the monitor, for browsers that have not shown it yet. It needs no file and no script. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { headers } from "./DashboardFiles.ts"

const style =
  ":root{color-scheme:light dark;font-family:system-ui,sans-serif;line-height:1.5}" +
  "body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f6f7f8,#101415);" +
  "color:light-dark(#14201f,#e7eeed)}" +
  "main{padding:2rem;width:min(26rem,100%);box-sizing:border-box}h1{font-size:1.4rem}label{display:block}" +
  "input,button{font:inherit;padding:.6rem;border:1px solid light-dark(#6b7774,#8a9b97);border-radius:.4rem;" +
  "box-sizing:border-box;width:100%;margin-top:.5rem}" +
  "button{background:light-dark(#0f766e,#2dd4bf);color:light-dark(#fff,#06211e);border-color:transparent}" +
  "[role=alert]{color:light-dark(#b3261e,#ffb4a9)}"

const policy = headers["content-security-policy"].replace(
  "style-src 'self'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`
)

const page = (action: string, isWrong: boolean): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · fibra dashboard</title>` +
  `<meta name="viewport" content="width=device-width"><style>${style}</style></head><body><main>` +
  `<h1>fibra dashboard</h1>${isWrong ? `<p role="alert">That is not the token of this server.</p>` : ""}` +
  `<form method="post" action="${action}"><label for="token">Token of the monitor (FIBRA_MONITOR_TOKEN)</label>` +
  `<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>` +
  `<button>Sign in</button></form></main></body></html>`

/** The form. `action`: where it is sent to. */
export const respond = (action: string, isWrong: boolean): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(page(action, isWrong), {
    status: 401,
    contentType: "text/html; charset=utf-8",
    headers: { ...headers, "content-security-policy": policy, "www-authenticate": "Bearer" }
  })
