// Documents hold measured numbers between `<!-- measured:NAME -->` and `<!-- /measured:NAME -->`; only scripts write there.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Replaces the section NAME of `document` (a path from the root of the project) by `lines`. */
export function writeSection(document, name, lines) {
  const path = fileURLToPath(new URL(`../${document}`, import.meta.url))
  const text = readFileSync(path, 'utf8')
  const start = `<!-- measured:${name} -->`
  const end = `<!-- /measured:${name} -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${document}: expected ${start} before ${end}`)
  const section = `${start}\n\n${lines.join('\n')}\n\n`
  writeFileSync(path, text.slice(0, from) + section + text.slice(to))
  console.log(`${document}: wrote ${name}`)
}

/** A table with aligned columns, as prettier formats it. */
export function table(head, rows) {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)]
}
