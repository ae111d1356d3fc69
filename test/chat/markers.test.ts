import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deepseekV3,
  deepseekV31,
  dsmlV32,
  dsmlV4,
  dsmlV41,
  glm45,
  glm47,
  hermes,
  kimiK2,
  longcat,
  minimax,
  qwenXml,
  think,
} from '../../src/chat/dialects/families.js'
import type { Dialect, Part } from '../../src/chat/dialects/dialect.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { parserOf, type AnswerReader, type Reading } from '../../src/chat/dialects/reader.js'

const setup = { prompt: 'Q', tools: [], newId: () => 'id' }

/** What a routine gives out after each piece, and at the end. */
function pushes(read: (reader: AnswerReader) => Reading, pieces: readonly string[]): string[][] {
  const parser = parserOf(setup, read)
  const shown = (parts: Part[]): string[] => parts.map(({ kind, text }) => `${kind}:${text}`)
  return [...pieces.map((piece) => shown(parser.push(piece))), shown(parser.flush())]
}

/** Says text up to each marker, and each marker as reasoning. */
function marking(...markers: string[]): (reader: AnswerReader) => Reading {
  return function* (reader) {
    for (;;) {
      const marker = yield* reader.say('text', markers)
      if (marker === undefined) return
      reader.emit('reasoning', marker)
    }
  }
}

describe('a complete marker is acted on at once', () => {
  it('by say, with the text before it', () => {
    expect(pushes(marking('<end>'), ['a<en', 'd>', 'b'])).toEqual([['text:a'], ['reasoning:<end>'], ['text:b'], []])
  })

  it('by until, which keeps the text back', () => {
    const read = function* (reader: AnswerReader): Reading {
      const { text, marker } = yield* reader.until(['</a>', '</b>'])
      reader.emit('reasoning', `${text}|${String(marker)}`)
    }
    expect(pushes(read, ['x</', 'b>', 'y'])).toEqual([[], ['reasoning:x|</b>'], ['text:y'], []])
    expect(pushes(read, ['x</b'])).toEqual([[], ['reasoning:x</b|undefined']])
  })

  it('by take, and what comes instead is known at its first character', () => {
    const read = function* (reader: AnswerReader): Reading {
      reader.emit('reasoning', String(yield* reader.take(['[call]'])))
    }
    expect(pushes(read, ['[ca', 'll]', 'x'])).toEqual([[], ['reasoning:[call]'], ['text:x'], []])
    expect(pushes(read, ['[c', 'o'])).toEqual([[], ['reasoning:undefined', 'text:[co'], []])
  })

  it('by what reads JSON, at the closing bracket', () => {
    const read = function* (reader: AnswerReader): Reading {
      reader.emit('reasoning', yield* reader.json())
    }
    // The bracket ends it, but the routine continues with the first character after it.
    expect(pushes(read, ['{"a": "}', '\\"}"}', ' '])[2]).toEqual(['reasoning:{"a": "}\\"}"}'])
  })

  const weather = { name: 'weather', json: '{"city": "Paris"}' }
  const calls: [Dialect, string, string][] = [
    [hermes, `<tool_call>\n{"name": "weather", "arguments": ${weather.json}}\n</tool_call`, '>'],
    [qwenXml, '<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call', '>'],
    [
      deepseekV3,
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n\`\`\`json\n${weather.json}\n\`\`\`<｜tool▁call▁end`,
      '｜>',
    ],
    [
      deepseekV31,
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>${weather.json}<｜tool▁call▁end`,
      '｜>',
    ],
    ...(
      [
        [dsmlV32, '', 'function_calls'],
        [dsmlV4, '', 'tool_calls'],
        [dsmlV41, ' ', 'calls'],
      ] as const
    ).map(([dialect, space, section]): [Dialect, string, string] => [
      dialect,
      `<｜DSML｜${space}${section}>\n<｜DSML｜${space}invoke name="weather">\n<｜DSML｜${space}parameter name="city" string="true">Paris</｜DSML｜${space}parameter>\n</｜DSML｜${space}invoke`,
      '>',
    ]),
    [glm45, '<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call', '>'],
    [glm47, '<tool_call>weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call', '>'],
    [
      longcat,
      '<longcat_tool_call>weather\n<longcat_arg_key>city</longcat_arg_key>\n<longcat_arg_value>Paris</longcat_arg_value>\n</longcat_tool_call',
      '>',
    ],
    [
      kimiK2,
      `<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>${weather.json}<|tool_call_end|`,
      '>',
    ],
    [
      kimiK3,
      '<|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|close|>call<|sep|',
      '>',
    ],
    [harmony, `<|channel|>commentary to=functions.weather <|constrain|>json<|message|>${weather.json}<|call|`, '>'],
    [minimax, '<minimax:tool_call>\n<invoke name="weather">\n<parameter name="city">Paris</parameter>\n</invoke', '>'],
    [gemma4, '<|tool_call>call:weather{city:<|"|>Paris<|"|>}<tool_call|', '>'],
  ]
  it.each(calls.map(([dialect, text, last]) => [dialect.name, dialect, text, last] as const))(
    'a call of %s is reported with the last character of its end',
    (_, dialect, text, last) => {
      const parser = dialect.parser(setup)
      const before = parser.push(text).filter(({ kind }) => kind === 'tool-call')
      const at = parser.push(last).flatMap((part) => (part.kind === 'tool-call' ? [part.call] : []))
      expect(before).toEqual([])
      expect(at).toMatchObject([{ name: weather.name, arguments: weather.json }])
    },
  )

  it.each([
    [think, '<think>', '</think>'],
    [glm45, '<think>', '</think>'],
    [longcat, '<longcat_think>', '</longcat_think>'],
    [gemma4, '<|channel>thought', '<channel|>'],
    [harmony, '<|channel|>analysis<|message|>', '<|end|>'],
  ] as const)('the end of a thought: the answer of $name begins with its first character', (dialect, open, close) => {
    const parser = dialect.parser(setup)
    expect(parser.push(`${open}Hm`)).toEqual([{ kind: 'reasoning', text: 'Hm' }])
    expect(parser.push(close)).toEqual([])
    const start = dialect === harmony ? '<|start|>assistant<|channel|>final<|message|>' : ''
    expect(parser.push(`${start}Y`)).toEqual([{ kind: 'text', text: 'Y' }])
  })
})

describe('of several markers', () => {
  it('the longest at one place counts, whatever their order', () => {
    for (const markers of [
      ['<think', '<thinking'],
      ['<thinking', '<think'],
    ]) {
      expect(pushes(marking(...markers), ['a<think', 'ing', 'b'])).toEqual([
        ['text:a'],
        ['reasoning:<thinking'],
        ['text:b'],
        [],
      ])
      expect(pushes(marking(...markers), ['a<thinkers'])).toEqual([['text:a', 'reasoning:<think', 'text:ers'], []])
      expect(pushes(marking(...markers), ['<think'])).toEqual([[], ['reasoning:<think']])
    }
    const read = function* (reader: AnswerReader): Reading {
      reader.emit('reasoning', String(yield* reader.take(['<think', '<thinking'])))
    }
    expect(pushes(read, ['<think', 'ing', 'x'])).toEqual([[], ['reasoning:<thinking'], ['text:x'], []])
    expect(pushes(read, ['<thinks'])).toEqual([['reasoning:<think', 'text:s'], []])
  })

  it('the first counts', () => {
    expect(pushes(marking('bb', 'a'), ['xabb'])).toEqual([['text:x', 'reasoning:a', 'reasoning:bb'], []])
    expect(pushes(marking('a', 'bb'), ['xbba'])).toEqual([['text:x', 'reasoning:bb', 'reasoning:a'], []])
  })

  /** The rule, for a text that is all there. */
  function split(text: string, markers: readonly string[]): string[] {
    const found: string[] = []
    let at = 0
    let start = 0
    while (at < text.length) {
      const marker = markers.filter((m) => text.startsWith(m, at)).sort((a, b) => b.length - a.length)[0]
      if (marker === undefined) at++
      else {
        if (at > start) found.push(`text:${text.slice(start, at)}`)
        found.push(`reasoning:${marker}`)
        start = at += marker.length
      }
    }
    return start < text.length ? [...found, `text:${text.slice(start)}`] : found
  }

  it('holds for any markers and any cuts, and nothing is held back that cannot become one', () => {
    const letters = (max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', '<'), minLength: 1, maxLength: max })
    fc.assert(
      fc.property(fc.array(letters(4), { minLength: 1, maxLength: 4 }), fc.array(letters(5)), (markers, pieces) => {
        const given = pushes(marking(...markers), pieces)
        const joined: string[] = []
        for (const part of given.flat()) {
          const last = joined.at(-1)
          if (part.startsWith('text:') && last?.startsWith('text:')) joined[joined.length - 1] = last + part.slice(5)
          else joined.push(part)
        }
        expect(joined).toEqual(split(pieces.join(''), markers))
        let shown = 0
        pieces.forEach((_, i) => {
          shown += given[i]!.reduce((sum, part) => sum + part.slice(part.indexOf(':') + 1).length, 0)
          const held = pieces
            .slice(0, i + 1)
            .join('')
            .slice(shown)
          expect(held === '' || markers.some((m) => m.length > held.length && m.startsWith(held))).toBe(true)
        })
      }),
      { numRuns: 2000 },
    )
  })
})
