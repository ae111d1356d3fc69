// What is typed in the chat, on its way to a message.
import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { describe, expect, it } from 'vitest'
import { Keyboard } from '../../src/cli/chat/input/keyboard.js'
import { Pasted } from '../../src/cli/chat/input/pasted.js'
import { Settings } from '../../src/cli/chat/settings.js'
import { UserError } from '../../src/errors.js'

function keyboard(): { type: (text: string | Buffer) => string; keys: Keyboard; events: string[] } {
  const terminal = new PassThrough()
  const events: string[] = []
  const keys = new Keyboard(terminal as unknown as ReadStream, {
    paste: (text) => `<${text}>`,
    newLine: '⏎',
    interrupt: () => events.push('interrupt'),
    suspend: () => events.push('suspend'),
  })
  const type = (text: string | Buffer): string => {
    keys.write(text)
    // Node 26 gives the pieces one by one.
    const pieces: Buffer[] = []
    for (let piece = keys.read(); piece !== null; piece = keys.read()) pieces.push(piece as Buffer)
    return String(Buffer.concat(pieces))
  }
  return { type, keys, events }
}

describe('a keyboard', () => {
  it('gives pasted text as one piece, however it arrives', () => {
    const { type } = keyboard()
    expect(type('a\u001b[200~one\ntwo\u001b[201~b\r')).toBe('a<one\ntwo>b\r')
    expect(type('\u001b[200~one\n')).toBe('')
    expect(type('two\u001b[201~')).toBe('<one\ntwo>')
    const letter = Buffer.from('é')
    expect(type(letter.subarray(0, 1)) + type(letter.subarray(1))).toBe('é')
  })

  it('makes Alt-Enter a line feed of the message', () => {
    expect(keyboard().type('a\u001b\rb')).toBe('a⏎b')
  })

  it('holds what is typed, but for Ctrl-C and Ctrl-Z', () => {
    const { type, keys, events } = keyboard()
    keys.hold()
    expect(type('abc')).toBe('')
    expect(type('\u0003de')).toBe('')
    expect(type('\u001af')).toBe('')
    keys.release()
    expect(String(keys.read())).toBe('def')
    expect(events).toEqual(['interrupt', 'suspend'])
  })
})

describe('pasted text', () => {
  it('is meant as it was, whether it is shown or named', () => {
    const pasted = new Pasted()
    const long = Array.from({ length: 9 }, (_, i) => `line ${i} $& ⏎`).join('\r\n')
    expect(pasted.shown('a\r\nb')).toBe('a⏎b')
    const name = pasted.shown(long)
    expect(name).toBe('[pasted 1: 9 lines]')
    expect(pasted.meant(`see a⏎b ${name}`)).toBe(`see a\nb ${long.replaceAll('\r\n', '\n')}`)
  })
})

describe('settings of a chat', () => {
  it('change answers, and can be taken back', () => {
    const settings = new Settings({ temperature: 0.3, maxTokens: 5 })
    settings.set('top-p', '0.5')
    settings.set('temperature', 'default')
    settings.think('low')
    expect(settings.options()).toMatchObject({
      topP: 0.5,
      temperature: undefined,
      maxTokens: 5,
      templateOptions: { enable_thinking: true, reasoning_effort: 'low' },
    })
    expect(settings.list()).toBe('top-p 0.5\nmax-tokens 5')
  })

  it('refuse other names and values', () => {
    const settings = new Settings({})
    for (const [name, value] of [
      ['temprature', '1'],
      ['seed', '1.5'],
      ['top-p', 'x'],
      ['toString', '1'],
    ] as const)
      expect(() => settings.set(name, value), name).toThrow(UserError)
    for (const [name, value, message] of [
      ['temperature', '-1', 'must be a number of at least 0; found -1'],
      ['top-p', '5', 'must be a number above 0 and at most 1; found 5'],
      ['max-tokens', '0', 'must be a whole number of at least 1; found 0'],
    ] as const)
      expect(() => settings.set(name, value)).toThrow(`/set ${name}: ${message}`)
    expect(settings.list()).toBe("nothing is set: the model's own values are used")
    expect(() => settings.think('maybe')).toThrow('expected on, off, low, medium, high, show or hide; found maybe')
  })
})
