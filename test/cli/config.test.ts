// A person's own defaults, and what the command line says about its own mistakes.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { program } from '../../src/cli/commands/all.js'
import { dropEmptyVariables } from '../../src/cli/command-line.js'
import { applyConfig } from '../../src/cli/config.js'
import { collect, integer, port } from '../../src/cli/flags.js'

const NOBODY = 65534
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The options of a command, with a file of this text. */
function options(text: string, ...typed: string[]): Record<string, unknown> {
  const file = join(folder, 'config.json')
  writeFileSync(file, text)
  const cli = new Command().exitOverride()
  const command = cli
    .command('act')
    .option('--threads <count>', 'threads', integer)
    .option('--port <number>', 'port', port, 8080)
    .option('--stop <text>', 'stop', collect)
    .addOption(new Option('--precision <which>', 'how').choices(['exact', 'fast']))
    .option('--raw', 'raw')
    .option('--no-history', 'keep nothing')
    .action(() => undefined)
  cli.command('other').command('inner').option('--drain <seconds>', 'drain', integer)
  cli.hook('preAction', (_, called) => applyConfig(cli, called, file))
  cli.parse(['act', ...typed], { from: 'user' })
  return command.opts()
}

describe('a file of defaults', () => {
  it('stands below what is typed, and above the defaults of the program', () => {
    const text = '{"threads": 4, "port": 9000, "stop": ["a", "b"], "raw": true, "history": false, "drain": 3}'
    expect(options(text)).toEqual({ threads: 4, port: 9000, stop: ['a', 'b'], raw: true, history: false })
    expect(options(text, '--threads', '2')).toMatchObject({ threads: 2, port: 9000 })
  })

  it('is none where this user may not enter the folder, as the home of another that sudo left in the environment', () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    writeFileSync(join(closed, 'config.json'), '{"threads": 4}')
    chmodSync(closed, 0)
    // Nothing is closed to root.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    try {
      expect(() => applyConfig(new Command(), new Command(), join(closed, 'config.json'))).not.toThrow()
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(closed, 0o700)
    }
    expect(() => applyConfig(new Command(), new Command(), join(closed, 'config.json'))).toThrow(
      /unknown flag "threads"/,
    )
  })

  it('need not be there', () => {
    const absent = join(folder, 'absent.json')
    expect(() => applyConfig(new Command(), new Command(), absent)).not.toThrow()
    vi.stubEnv('KAIYUAN_CONFIG', absent)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(() => applyConfig(new Command(), new Command())).toThrow(
      `KAIYUAN_CONFIG: ${absent}: there is no such file or folder`,
    )
  })

  it('may not be one that was named and cannot be read', () => {
    const file = join(folder, 'plain')
    writeFileSync(file, '')
    vi.stubEnv('KAIYUAN_CONFIG', join(file, 'config.json'))
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(() => applyConfig(new Command(), new Command())).toThrow(`KAIYUAN_CONFIG: ${join(file, 'config.json')}: `)
  })

  it('may begin with a byte order mark', () => {
    expect(options('\uFEFF{"threads": 4}')).toMatchObject({ threads: 4 })
  })

  it('takes a flag without its no-, and with it', () => {
    expect(options('{"no-history": true}')).toMatchObject({ history: false })
    expect(options('{"no-history": false}')).toMatchObject({ history: true })
  })

  it('takes a variable without a value for one that is not set', () => {
    const env = { KAIYUAN_THREADS: '', KAIYUAN_PORT: '9000', HOME: '' }
    dropEmptyVariables(env)
    expect(env).toEqual({ KAIYUAN_PORT: '9000', HOME: '' })
  })

  it.each([
    ['{"thread": 4}', 'unknown flag "thread"; the nearest is threads'],
    ['{"threads": "many"}', 'threads: expected a whole number; found "many"'],
    ['{"port": 70000}', 'port: expected a port from 0 to 65535; found 70000'],
    ['{"no-raw": true}', 'unknown flag "no-raw"'],
    ['{"no-history": "yes"}', 'history: expected true or false; found "yes"'],
    ['{"raw": "yes"}', 'raw: expected true or false; found "yes"'],
    ['{"threads": [2, 3]}', 'threads: expected one value; found [2,3]'],
    ['{"precision": "slow"}', 'precision: expected one of exact, fast; found "slow"'],
    ['{"threads": {}}', 'threads: expected a text or a number; found {}'],
    ['[1]', 'expected a JSON object'],
    ['{', 'expected JSON: '],
  ])('is refused: %s', (text, message) => {
    expect(() => options(text)).toThrow(message)
  })
})

/** What the program writes to stderr before it ends. */
async function complaint(...args: string[]): Promise<string> {
  let written = ''
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
  try {
    await program().parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
  } finally {
    stderr.mockRestore()
  }
  return written
}

describe('the command line', () => {
  it('says a default once', () => {
    const report = program()
      .commands.find((command) => command.name() === 'eval')
      ?.commands.find((command) => command.name() === 'report')
    expect(report?.helpInformation().match(/default: 20/g)).toHaveLength(1)
  })

  it('explains a prompt that looks like a flag, and has one voice', async () => {
    expect(await complaint('run', '-5 plus 3')).toContain('needs -- before it')
    expect(await complaint('run', '--temprature', '1')).toMatch(
      /^kaiyuan: unknown option '--temprature'\n\(Did you mean --temperature\?\)/,
    )
    expect(await complaint('run', '--temprature', '1')).not.toContain('needs --')
  })
})
