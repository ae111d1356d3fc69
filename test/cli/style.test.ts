// When what is printed has colours.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { style } from '../../src/cli/style.js'

afterEach(() => void vi.unstubAllEnvs())

const DIM = '\u001b[2mx\u001b[22m'

describe('a style', () => {
  it.each<[boolean, Record<string, string>, string]>([
    // Of stderr, whatever stdout is: in this test it is no terminal.
    [true, {}, DIM],
    [false, {}, 'x'],
    [true, { NO_COLOR: '1' }, 'x'],
    [true, { TERM: 'dumb' }, 'x'],
    [false, { FORCE_COLOR: '1' }, DIM],
    [true, { FORCE_COLOR: '0' }, 'x'],
  ])('on a terminal (%s) with %j', (isTTY, environment, shown) => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, undefined)
    vi.stubEnv('TERM', 'xterm')
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    expect(style('dim', 'x', { isTTY })).toBe(shown)
  })
})
