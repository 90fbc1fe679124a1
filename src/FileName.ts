/**
 * What a client may call a file. The name is for people and is never a path: the store makes names of its own. It is
 * checked all the same, because it is shown to others, offered to them when they save the file, and says of what kind
 * the sender takes it to be.
 */

/** Bytes of the longest name that common file systems take. */
const maxBytes = 255

/** Names of devices of Windows, with any extension. */
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i

/** Characters that no file system, header or page should have to cope with: controls, and those that turn text round. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff<>:"/\\|?*]/

/** Extensions of what browsers, servers or systems would run. */
const active = new Set(
  (
    "html htm shtml xhtml xht xml xsl xslt mht mhtml hta htc svg svgz js mjs cjs jsx ts wasm swf jar " +
    "php php3 php4 php5 php7 php8 phtml phar phps asp aspx ashx asmx cer jsp jspx cfm cgi pl py rb lua " +
    "exe com scr dll sys msi msp bat cmd ps1 psm1 vb vbs vbe jse wsf wsh wsc sct reg lnk url pif cpl inf gadget " +
    "sh bash zsh csh ksh fish command app dmg pkg deb rpm apk elf so dylib bin run desktop htaccess htpasswd"
  ).split(" ")
)

/** MIME types of the same. */
const activeTypes =
  /^(text\/(html|javascript|ecmascript|xml|vbscript|x-.*script)|application\/(xhtml\+xml|javascript|ecmascript|x-javascript|wasm|xml|x-httpd-php|x-msdownload|x-sh|java-archive|x-shockwave-flash)|multipart\/.*|message\/.*)$/

/** An extension that may be accepted when a contract names it, and is served such that nothing in it runs. */
const onRequest = new Set(["svg", "bin"])

/** The extension of a name in lower case, without its dot; empty when it has none. */
export const extensionOf = (name: string): string => {
  const dot = name.lastIndexOf(".")
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase()
}

/** Extensions that mean the same. */
const same: Readonly<Record<string, string>> = {
  jpeg: "jpg",
  jpe: "jpg",
  jfif: "jpg",
  tiff: "tif",
  mpeg: "mpg",
  htm: "html"
}

/** Whether two extensions mean the same. */
export const isSameExtension = (a: string, b: string): boolean => (same[a] ?? a) === (same[b] ?? b)

/** Whether a contract must not accept this MIME type or extension (with its dot). */
export const isActive = (accepted: string): boolean => {
  if (!accepted.startsWith(".")) return activeTypes.test(accepted)
  const extension = accepted.slice(1)
  return active.has(extension) && !onRequest.has(extension)
}

/** One half of a character: `isWellFormed` is not there in every browser. */
const halfCharacter = /\p{Surrogate}/u

const utf8 = new TextEncoder()

/** Why a file may not be called that, as the end of a sentence; undefined when it may. */
export const issueOf = (name: string): string | undefined => {
  if (name === "" || name.trim() === "") return "it has no name"
  if (utf8.encode(name).length > maxBytes) return `its name has more than ${maxBytes} bytes`
  if (halfCharacter.test(name) || forbidden.test(name)) return "its name has characters that a name may not have"
  if (name.includes("..")) return "its name has two dots in a row"
  if (name.startsWith(".") || /[. ]$/.test(name)) return "its name begins or ends with a dot or a space"
  if (reserved.test(name.trimStart())) return "its name is reserved"
  const [, ...extensions] = name
    .toLowerCase()
    .split(".")
    .map((part) => part.trim())
  const last = extensions.pop() ?? ""
  if (active.has(last) && !onRequest.has(last)) return `files ending in .${last} are not taken`
  const hidden = extensions.find((each) => active.has(each))
  return hidden === undefined ? undefined : `its name has two extensions, .${hidden} and .${last}`
}
