/** What is not taken, as one table: each row is a file that somebody tries to send, and why it is refused. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Upload } from "fibra"
import { UploadStore } from "fibra/server"
import { handled, png, pngOf, settle, wires } from "../../support/Album.ts"
import { JsonAlbum } from "../../support/JsonAlbum.ts"

const html = Buffer.from("<!doctype html><html><script>alert(1)</script></html>")
const zip = Buffer.concat([Buffer.from("PK\u0005\u0006", "latin1"), Buffer.alloc(18)])
const svg = (inside: string) => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`)
const jpeg = (comment: string) =>
  Buffer.concat([
    Buffer.from("ffd8ffe000104a46494600010100000100010000fffe", "hex"),
    Buffer.from([0, comment.length + 2]),
    Buffer.from(comment, "latin1"),
    Buffer.from("ffd9", "hex")
  ])
const pdf = (after = "") => Buffer.from(`%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n${after}`)

type Row = readonly [what: string, file: object, content: Buffer, reason: string]

const image = (filename: string) => ({ filename, fileType: "image/png" })

/** Refused before a byte is sent. */
const atStart: ReadonlyArray<Row> = [
  ["..", image("../../etc/passwd.png"), png, "name"],
  ["two dots in a row", image("a..png"), png, "name"],
  ["a slash", image("a/b.png"), png, "name"],
  ["a backslash", image("a\\b.png"), png, "name"],
  ["NUL", image("a.png\u0000.html"), png, "name"],
  ["a line break", image("a\r\nSet-Cookie: b.png"), png, "name"],
  ["text that runs backwards", image("a\u202egnp.exe.png"), png, "name"],
  ["half a character", image("a\ud800.png"), png, "name"],
  ["a device", image("con.png"), png, "name"],
  ["another device", image("LPT1.tar.png"), png, "name"],
  ["300 characters", image(`${"a".repeat(296)}.png`), png, "name"],
  ["86 characters of three bytes each", image(`${"€".repeat(84)}.png`), png, "name"],
  ["nothing but spaces", image("   "), png, "name"],
  ["a hidden file", image(".png"), png, "name"],
  ["a dot at its end", image("a.png."), png, "name"],
  [".html.png", image("a.html.png"), png, "name"],
  [".php. jpg", image("a.php .jpg"), png, "name"],
  [".html", { filename: "a.html", fileType: "image/png" }, html, "name"],
  [".exe", { filename: "a.EXE", fileType: "image/png" }, png, "name"],
  ["a type that is not taken", { filename: "a.zip", fileType: "application/zip" }, zip, "type"],
  ["too many bytes", { ...image("a.png"), fileSize: 1_000_001 }, png, "tooLarge"],
  ["an upload that there is not", { ...image("a.png"), upload: "poster" }, png, "unknown"]
]

/** Refused for what is in it. */
const atEnd: ReadonlyArray<Row> = [
  ["HTML as PNG", image("a.png"), html, "type"],
  ["HTML as JPEG", { filename: "a.jpg", fileType: "image/jpeg" }, html, "type"],
  ["a program as PNG", image("a.png"), Buffer.concat([Buffer.from("MZ"), Buffer.alloc(200)]), "type"],
  ["an archive as PDF", { filename: "a.pdf", fileType: "application/pdf" }, zip, "type"],
  ["XML as a text", { filename: "a.txt", fileType: "text/plain" }, Buffer.from("<?xml version='1.0'?><a/>"), "type"],
  ["bytes as a text", { filename: "a.txt", fileType: "text/plain" }, Buffer.from([1, 0, 255]), "type"],
  ["a drawing with a script", image("a.svg"), svg("<script>alert(1)</script>"), "content"],
  ["a drawing with a handler", image("a.svg"), svg('<rect onload="alert(1)"/>'), "content"],
  ["a drawing with a hidden handler", image("a.svg"), svg('<a href="jav&#97;script:alert(1)"/>'), "content"],
  ["a drawing with a page", image("a.svg"), svg("<foreignObject/>"), "content"],
  [
    "a drawing with an entity",
    image("a.svg"),
    Buffer.from(`<!DOCTYPE svg [<!ENTITY a "b">]>${String(svg("&a;"))}`),
    "content"
  ],
  ["a drawing that is too large", image("a.svg"), svg(" ".repeat(70_000)), "content"],
  ["a picture with a page behind it", image("a.png"), Buffer.concat([png, html]), "content"],
  ["a picture with an archive behind it", image("a.png"), Buffer.concat([png, zip, png.subarray(-12)]), "content"],
  ["a picture without its end", image("a.png"), png.subarray(0, -12), "content"],
  ["a picture with a script in a comment", { filename: "a.jpg", fileType: "image/jpeg" }, jpeg("<ScRipt>x"), "content"],
  ["a GIF that is a page", { filename: "a.gif", fileType: "image/gif" }, Buffer.from("GIF89a/*<script>*/;"), "content"],
  [
    "a WEBP with more than it says",
    { filename: "a.webp", fileType: "image/webp" },
    Buffer.from("RIFF\u0004\0\0\0WEBPVP8 more"),
    "content"
  ],
  ["a PDF that is a page", { filename: "a.pdf", fileType: "application/pdf" }, pdf("<script>").subarray(0), "content"],
  [
    "a PDF that is an archive",
    { filename: "a.pdf", fileType: "application/pdf" },
    Buffer.concat([pdf(), zip]),
    "content"
  ]
]

layer(wires({ rate: Infinity }))("what is not taken", (it) => {
  for (const [what, file, content, reason] of atStart) {
    it.effect(`a file is refused at its start for ${what}`, () =>
      Effect.gen(function* () {
        const album = yield* JsonAlbum()
        const started = yield* album.start({ fileSize: content.length, ...file })
        assert.deepInclude(started, { type: "FILE_UPLOAD_START_RESPONSE", success: false, code: "UploadRejected" })
        assert.deepInclude(started["reason"], { reason })
      })
    )
  }

  for (const [what, file, content, reason] of atEnd) {
    it.effect(`a file is refused at its end for being ${what}, and nobody gets it`, () =>
      Effect.gen(function* () {
        const before = handled.length
        const ended = yield* (yield* JsonAlbum()).send(file, content)
        assert.deepInclude(ended, { type: "FILE_UPLOAD_ERROR", success: false, code: "UploadRejected" })
        assert.deepInclude(ended["reason"], { reason })
        assert.strictEqual(handled.length, before)
      })
    )
  }

  const taken: ReadonlyArray<readonly [what: string, file: object, content: Buffer, type: string]> = [
    ["a large picture", image("a.png"), pngOf(200_000), "image/png"],
    ["a picture with a comment", { filename: "a.jpeg", fileType: "image/jpeg" }, jpeg("a < b"), "image/jpeg"],
    ["a picture that is called otherwise", image("a.png"), jpeg(""), "image/jpeg"],
    ["a PDF", { filename: "a.pdf", fileType: "" }, pdf(), "application/pdf"],
    [
      "a text",
      { filename: "Grüße, 你好.tar.txt", fileType: "text/plain; charset=utf-8" },
      Buffer.from("ä"),
      "text/plain"
    ],
    ["a drawing", image("a.svg"), svg('<rect width="1"/>'), "image/svg+xml"]
  ]
  for (const [what, file, content, type] of taken) {
    it.effect(`${what} is taken`, () =>
      Effect.gen(function* () {
        const album = yield* JsonAlbum()
        assert.deepInclude(yield* album.send(file, content), { success: true, mimeType: type, size: content.length })
      })
    )
  }

  it.effect("whatever is taken anywhere, a program is not", () =>
    Effect.gen(function* () {
      const album = yield* JsonAlbum()
      const elf = Buffer.concat([Buffer.from("\u007fELF", "latin1"), Buffer.alloc(60)])
      const ended = yield* album.send({ upload: "any", filename: "holiday", fileType: "" }, elf)
      assert.deepInclude(ended["reason"], { reason: "type" })
    })
  )

  for (const [name, code] of [
    ["refuse.png", "UploadRejected"],
    ["crash.png", "ComponentCrashed"],
    ["hang.png", "CallExpired"]
  ] as const) {
    it.effect(`a file over which the handler has to ${name.slice(0, -4)} is removed, and its client gets ${code}`, () =>
      Effect.gen(function* () {
        const album = yield* JsonAlbum()
        yield* album.start({ filename: name, fileType: "image/png", fileSize: png.length })
        yield* album.part(0, png)
        const completing = yield* Effect.forkChild(album.complete, { startImmediately: true })
        yield* settle
        if (name === "hang.png") yield* TestClock.adjust("11 seconds")
        assert.deepInclude(yield* Fiber.join(completing), { type: "FILE_UPLOAD_ERROR", success: false, code })
        const { size } = yield* UploadStore.UploadStore
        assert.strictEqual(handled.at(-1)?.name, name)
        assert.isUndefined(yield* size(handled.at(-1)?.storedName ?? ""))
      })
    )
  }
})

describe("Upload.policy", () => {
  it("does not accept what browsers or servers would run", () => {
    for (const accept of ["text/html", ".html", ".php", "application/javascript", ".exe", "text/xml"]) {
      assert.throws(() => Upload.policy({ maxFileSize: 1, accept: [accept] }), /would run/, accept)
    }
  })
})
