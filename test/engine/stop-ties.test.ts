import { describe, expect, it } from 'vitest'
import { StopText } from '../../src/engine/answer/stop.js'
import { scriptedEngine, serveEngine } from '../server/scripted.js'

/** What is given out, and which string ended it, whether the text comes at once or by characters. */
function ended(stops: string[], text: string): { text: string; found: string | undefined } {
  const whole = new StopText(stops)
  const single = new StopText(stops)
  const at = whole.push(text).text
  let out = ''
  for (const character of text) {
    const piece = single.push(character)
    out += piece.text
    if (piece.stopped) break
  }
  expect({ text: out, found: single.found }).toEqual({ text: at, found: whole.found })
  return { text: at, found: whole.found }
}

describe('of several stop strings', () => {
  it('that end at one place, the one that starts first counts, whatever their order', () => {
    for (const stops of [
      ['ab', 'b'],
      ['b', 'ab'],
    ])
      expect(ended(stops, 'xab')).toEqual({ text: 'x', found: 'ab' })
    for (const stops of [
      ['b', 'aab', 'ab'],
      ['ab', 'b', 'aab'],
      ['aab', 'ab', 'b'],
    ])
      expect(ended(stops, 'xaab')).toEqual({ text: 'x', found: 'aab' })
  })

  it('the one that is complete first counts, though another began before', () => {
    expect(ended(['abcd', 'bc'], 'xabcd')).toEqual({ text: 'xa', found: 'bc' })
    expect(ended(['bc', 'abcd'], 'xabcd')).toEqual({ text: 'xa', found: 'bc' })
    // The shorter is complete first where both begin at one place.
    expect(ended(['abc', 'ab'], 'xabc')).toEqual({ text: 'x', found: 'ab' })
  })

  it('the first place counts', () => {
    expect(ended(['b', 'a'], 'xaxb')).toEqual({ text: 'x', found: 'a' })
  })
})

it('clients get the text and the stop string of that rule', async () => {
  const server = await serveEngine(scriptedEngine(() => 'one two three'))
  const headers = { 'content-type': 'application/json' }
  const messages = [{ role: 'user', content: 'count' }]
  const ask = async (path: string, more: object): Promise<unknown> => {
    const body = JSON.stringify({ model: 'scripted', max_tokens: 50, messages, ...more })
    return (await fetch(server.url + path, { method: 'POST', headers, body })).json()
  }
  for (const stops of [
    ['two', 'e two'],
    ['e two', 'two'],
  ]) {
    expect(await ask('/v1/messages', { stop_sequences: stops })).toMatchObject({
      content: [{ type: 'text', text: 'on' }],
      stop_reason: 'stop_sequence',
      stop_sequence: 'e two',
    })
    expect(await ask('/v1/chat/completions', { stop: stops })).toMatchObject({
      choices: [{ message: { content: 'on' }, finish_reason: 'stop' }],
    })
  }
  await server.stop()
})
