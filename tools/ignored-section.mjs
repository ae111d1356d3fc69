// Writes the list of what is accepted and changes nothing into docs/server.md, from the table in the (built) code.
import { readFileSync, writeFileSync } from 'node:fs'
import { ignoredMarkdown } from '../dist/server/apis/ignored.js'

const file = new URL('../docs/server.md', import.meta.url)
const text = readFileSync(file, 'utf8')
writeFileSync(
  file,
  text.replace(
    /(<!-- ignored -->\n)[^]*?(<!-- \/ignored -->)/,
    (_, start, end) => `${start}\n${ignoredMarkdown()}\n\n${end}`,
  ),
)
