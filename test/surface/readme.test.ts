// What documents say and the project can check: measured numbers, commands with their flags, links.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { program } from '../../src/cli/commands/all.js'
import { speedLines } from '../../tools/readme-tables.mjs'
import { root } from './examples.js'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'models/mini/README.md'],
  ...['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && !/node_modules|api\//.test(file))
      .map((file) => `${folder}/${file}`),
  ),
]

it('the README has the table of speed that tools/readme-tables.mjs writes from bench/results: four rows', () => {
  const [, found = ''] = /<!-- measured:speed -->\n([^]*?)<!-- \/measured:speed -->/.exec(read('README.md')) ?? []
  const lines = speedLines()
  expect(found.trim()).toBe(lines.join('\n'))
  expect(lines.filter((line) => line.startsWith('|'))).toHaveLength(2 + 4)
})

it('links lead to files that are there', () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|src="([^"]+)"/g)]
      .map(([, link, picture]) => link ?? picture!)
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(file), link)))
      .map((link) => `${file}: ${link}`),
  )
  expect(broken).toEqual([])
})

/** A command, and the one within it that the words after it name, whose flags may follow too. */
function withinCommand(command: Command, rest: string): Command[] {
  const [word = ''] = rest.trim().split(/\s+/)
  const inner = command.commands.find((one) => one.name() === word)
  return inner ? [command, inner] : [command]
}

it('commands and flags that documents show are there', () => {
  const cli = program()
  const problems = [...documents, 'examples/service/kaiyuan.service', 'examples/container/Dockerfile']
    .filter((file) => !/CHANGELOG|speed-log/.test(file))
    .flatMap((file) =>
      [...read(file).matchAll(/(?:^|[`|(]|npx |env |models )kaiyuan ([a-z]+)\b([^`\n|#]*)/gm)].flatMap(
        ([, name = '', rest = '']) => {
          const command = cli.commands.find((one) => one.name() === name || one.aliases().includes(name))
          if (!command) return [`${file}: kaiyuan ${name}`]
          const flags = [...rest.matchAll(/(?<=\s)--[a-z][\w-]*/g)].map(([flag]) => flag)
          const known = new Set(
            [...withinCommand(command, rest).flatMap(({ options }) => options), { long: '--help' }].map(
              ({ long }) => long,
            ),
          )
          return flags.filter((flag) => !known.has(flag)).map((flag) => `${file}: kaiyuan ${name} ${flag}`)
        },
      ),
    )
  expect(problems).toEqual([])
})
