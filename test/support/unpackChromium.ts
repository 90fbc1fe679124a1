/** Unpacks Chromium into the temporary directory, as a program. */
import chromium from "@sparticuz/chromium"

await chromium.executablePath()
