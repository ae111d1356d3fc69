import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { distance } from 'fastest-levenshtein'
import { UserError } from '../errors.js'
import { collect } from './flags.js'
import { isJsonObject } from '../json.js'
import { reasonOf } from '../system-error.js'

/** Where a person's own defaults are: KAIYUAN_CONFIG, or config.json in the folder that systems have for it. */
export function configFile(): string {
  const own = process.env['KAIYUAN_CONFIG']
  if (own) return own
  return join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'kaiyuan', 'config.json')
}

/**
 * Gives a command the values of the file for all flags that were not typed and that no variable of the environment sets. The file
 * is an object of flags: `{ "threads": 4, "temperature": 0.5 }`; those of other commands are passed over.
 * @throws UserError for a file that is no JSON object, a flag that no command has, or a value that the flag does not take
 */
export function applyConfig(cli: Command, command: Command, file = configFile()): void {
  const config = readConfig(file)
  if (!config) return
  checkNames(cli, Object.keys(config), file)
  for (const option of command.options) {
    const key = option.attributeName()
    const value = valueOf(config, option)
    const source = command.getOptionValueSource(key)
    if (value === undefined || (source !== undefined && source !== 'default')) continue
    command.setOptionValueWithSource(key, parsed(option, value, file), 'config')
  }
}

function readConfig(file: string): Record<string, unknown> | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // One that was named has to be there.
    if (file === process.env['KAIYUAN_CONFIG'])
      throw new UserError(`KAIYUAN_CONFIG: ${file}: ${reasonOf(cause)}`, 'file_not_found', { cause })
    if (code === 'ENOENT' || code === 'ENOTDIR' || isInClosedFolder(file)) return undefined
    throw new UserError(`${file}: cannot be read: ${reasonOf(cause)}`, 'invalid_file', { cause })
  }
  try {
    // Some editors begin a file with a byte order mark.
    const config: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (isJsonObject(config)) return config
  } catch (cause) {
    throw new UserError(`${file}: expected JSON: ${(cause as Error).message}`, 'invalid_file', { cause })
  }
  throw new UserError(`${file}: expected a JSON object such as { "threads": 4 }`, 'invalid_file')
}

/** In a folder that this user may not enter, as the home of root that a container or sudo left in the environment. */
function isInClosedFolder(file: string): boolean {
  try {
    statSync(file)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

/** `top-p`, as it is typed. */
function nameOf(option: Option): string {
  return (option.long ?? '').replace(/^--(no-)?/, '')
}

/** As the file names it: `history`, or `no-history` with the opposite value. */
function namesOf(option: Option): string[] {
  const name = nameOf(option)
  return option.negate ? [name, `no-${name}`] : [name]
}

function valueOf(config: Record<string, unknown>, option: Option): unknown {
  const [name = '', opposite = ''] = namesOf(option)
  const negated = config[opposite]
  if (config[name] !== undefined || negated === undefined) return config[name]
  return typeof negated === 'boolean' ? !negated : negated
}

/** All commands, those of eval and race too. */
function withInner(command: Command): Command[] {
  return command.commands.flatMap((inner) => [inner, ...withInner(inner)])
}

function checkNames(cli: Command, names: readonly string[], file: string): void {
  const known = withInner(cli).flatMap(({ options }) => options.flatMap(namesOf))
  for (const name of names) {
    if (known.includes(name)) continue
    const [near] = [...known].sort((a, b) => distance(a, name) - distance(b, name))
    throw new UserError(`${file}: unknown flag ${JSON.stringify(name)}; the nearest is ${near}`, 'invalid_file')
  }
}

function parsed(option: Option, value: unknown, file: string): unknown {
  const wrong = (expected: string): UserError =>
    new UserError(`${file}: ${nameOf(option)}: expected ${expected}; found ${JSON.stringify(value)}`, 'invalid_file')
  if (option.isBoolean() || option.negate) {
    if (typeof value !== 'boolean') throw wrong('true or false')
    return value
  }
  // Only what may be given again is a list.
  if (Array.isArray(value) && option.parseArg !== collect) throw wrong('one value')
  const values = Array.isArray(value) ? (value as unknown[]) : [value]
  let result: unknown
  for (const one of values) {
    if (typeof one !== 'string' && typeof one !== 'number') throw wrong('a text or a number')
    try {
      result = option.parseArg ? option.parseArg(String(one), result) : String(one)
    } catch (cause) {
      const { message } = cause as Error
      throw wrong(
        message
          .replace(/^expected /, '')
          .replace(/^Allowed choices are/, 'one of')
          .replace(/\.$/, ''),
      )
    }
  }
  return result
}
