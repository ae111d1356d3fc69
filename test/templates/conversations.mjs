// Conversations in OpenAI's shape: the turns that templates tell apart, and values that are easily written wrong.
const tools = [
  {
    type: 'function',
    function: {
      name: 'find_train',
      description: 'Finds trains between two stations',
      parameters: {
        type: 'object',
        properties: {
          from: { type: 'string', description: 'Where the trip begins' },
          to: { type: 'string', description: 'Where it ends' },
          seats: { type: 'integer', description: 'How many seats', default: 1 },
          options: {
            type: 'object',
            description: 'What else is wanted',
            properties: {
              quiet: { type: 'boolean' },
              classes: { type: 'array', items: { type: 'string', enum: ['first', 'second'] } },
              price: {
                type: 'object',
                properties: { max: { type: 'number' }, currency: { type: 'string' } },
                required: ['max'],
              },
            },
            required: ['quiet'],
          },
        },
        required: ['from', 'to'],
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'station_clock',
      description: 'The time at a station',
      parameters: { type: 'object', properties: { station: { type: 'string' } }, required: ['station'] },
    },
  },
]
const bareTools = [{ type: 'function', function: { name: 'ring_bell' } }, ...tools.slice(1)]
const oddTools = [
  {
    type: 'function',
    function: {
      name: 'translate',
      description: 'Übersetzt „Text" & <marks> into 中文 — don\'t ask',
      parameters: {
        type: 'object',
        properties: {
          text: { type: ['string', 'null'], description: 'a <b> & "c" 😀' },
          lang: { type: 'string', enum: ['日本語', 'Ελληνικά'] },
          n: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
        },
        required: [],
      },
    },
  },
]
// Names that are also methods of Python's dict.
const basketTools = [
  {
    type: 'function',
    function: {
      name: 'basket',
      description: 'Fills a basket',
      parameters: {
        type: 'object',
        properties: {
          items: { type: 'array', description: 'What to add', items: { type: 'string' } },
          get: { type: 'string', description: 'When' },
        },
        required: ['items'],
      },
    },
  },
]
const call = (id, name, args) => ({
  id,
  type: 'function',
  function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
})
const user = (content) => ({ role: 'user', content })
const assistant = (content, more = {}) => ({ role: 'assistant', content, ...more })
const tool = (id, name, content) => ({ role: 'tool', tool_call_id: id, name, content })
const A = 'aB3dE5gH7',
  B = 'zY8xW6vU4'
const nested = {
  from: 'Basel',
  to: 'Wien',
  seats: 2,
  options: { quiet: true, classes: ['first', 'second'], price: { max: 120.5, currency: 'EUR' } },
}

export const conversations = {
  plain: { messages: [user('Which river runs through Basel?')] },
  'no-prompt': {
    messages: [user('Which river runs through Basel?'), assistant('The Rhine.')],
    addGenerationPrompt: false,
  },
  system: { messages: [{ role: 'system', content: 'Answer in one short line.' }, user('Name a fruit.')] },
  developer: { messages: [{ role: 'developer', content: 'Answer in one short line.' }, user('Name a fruit.')] },
  turns: {
    messages: [
      { role: 'system', content: 'Be kind.' },
      user('Hi'),
      assistant('Hello, how can I help?'),
      user('Tell me a joke'),
      assistant('A short one:\n\n- no'),
      user('Another'),
    ],
  },
  tools: { messages: [{ role: 'system', content: 'Use the tools.' }, user('A train to Wien?')], tools },
  'tools-no-system': { messages: [user('A train to Wien?')], tools },
  'tools-bare': { messages: [user('Ring')], tools: bareTools },
  'call-result': {
    messages: [
      user('What time is it in Bern?'),
      assistant('', { tool_calls: [call(A, 'station_clock', { station: 'Bern' })] }),
      tool(A, 'station_clock', '{"time": "12:30"}'),
    ],
    tools,
  },
  'call-result-answer': {
    messages: [
      user('What time is it in Bern?'),
      assistant('Let me look.', { tool_calls: [call(A, 'station_clock', { station: 'Bern' })] }),
      tool(A, 'station_clock', '12:30'),
      assistant('Half past twelve.'),
      user('Thanks'),
    ],
    tools,
  },
  'null-content': {
    messages: [
      user('A train to Wien?'),
      assistant(null, { tool_calls: [call(A, 'find_train', nested)] }),
      tool(A, 'find_train', 'none today'),
    ],
    tools,
  },
  'two-calls': {
    messages: [
      user('Both'),
      assistant(null, { tool_calls: [call(A, 'find_train', nested), call(B, 'station_clock', { station: 'Wien' })] }),
      tool(A, 'find_train', 'none'),
      tool(B, 'station_clock', '09:00'),
    ],
    tools,
  },
  'no-arguments': {
    messages: [user('Ring'), assistant(null, { tool_calls: [call(A, 'ring_bell', {})] }), tool(A, 'ring_bell', 'ding')],
    tools: bareTools,
  },
  reasoning: {
    messages: [
      user('2+2?'),
      assistant('4', { reasoning_content: 'Two and two make four.' }),
      user('And 3+3?'),
      assistant('6', { reasoning_content: 'Three and three.' }),
      user('Sure?'),
    ],
  },
  'reasoning-call': {
    messages: [
      user('What time is it in Bern?'),
      assistant('', {
        reasoning_content: 'I need the clock.',
        tool_calls: [call(A, 'station_clock', { station: 'Bern' })],
      }),
      tool(A, 'station_clock', '12:30'),
    ],
    tools,
  },
  'reasoning-text-call': {
    messages: [
      user('What time is it in Bern?'),
      assistant('One moment.', {
        reasoning_content: 'I need the clock.',
        tool_calls: [call(A, 'station_clock', { station: 'Bern' })],
      }),
      tool(A, 'station_clock', '12:30'),
    ],
    tools,
  },
  'reasoning-last': {
    messages: [user('2+2?'), assistant('4', { reasoning_content: 'Two and two make four.' })],
    addGenerationPrompt: false,
  },
  'thinking-off': { messages: [user('2+2?')], extra: { enable_thinking: false } },
  'thinking-on': { messages: [user('2+2?')], extra: { enable_thinking: true } },
  'thinking-off-history': {
    messages: [user('2+2?'), assistant('4', { reasoning_content: 'Two and two.' }), user('3+3?')],
    extra: { enable_thinking: false },
  },
  'effort-low': { messages: [user('2+2?')], extra: { reasoning_effort: 'low', enable_thinking: true } },
  'non-ascii': {
    messages: [
      { role: 'system', content: '日本語で答えて' },
      user('Żółć & <b>"fett"</b> \u2028 😀 ﷽'),
      assistant('Ça va — 好'),
      user('ß'),
    ],
  },
  'non-ascii-tools': {
    messages: [
      user('Übersetze'),
      assistant(null, {
        tool_calls: [call(A, 'translate', { text: 'a<b> & \'c\' "d" \u2028é😀\\n\n', lang: '日本語' })],
      }),
      tool(A, 'translate', '"ok" <é>'),
    ],
    tools: oddTools,
  },
  numbers: {
    messages: [
      user('n'),
      assistant(null, {
        tool_calls: [
          call(
            A,
            'find_train',
            '{"from": "a", "to": "b", "seats": 1.0, "options": {"quiet": null, "classes": [], "price": {"max": 1e3, "currency": "12345678901234567890", "big": 12345678901234567890, "tiny": 1e-7}}}',
          ),
        ],
      }),
      tool(A, 'find_train', 'ok'),
    ],
    tools,
  },
  'key-order': {
    messages: [
      user('n'),
      assistant(null, { tool_calls: [call(A, 'find_train', '{"to": "b", "10": 1, "9": 2, "from": "a"}')] }),
      tool(A, 'find_train', 'ok'),
    ],
    tools,
  },
  spaces: {
    messages: [{ role: 'system', content: '  two spaces  ' }, user('\n lines \n\n'), assistant('  a\n'), user('\tb\t')],
  },
  indent: {
    messages: [
      user('Code?'),
      assistant('    let a = 1\n', { reasoning_content: '  Indented thought.\n' }),
      user('And?'),
      assistant('\n    let b = 2\n', {
        reasoning_content: '\n  Indented thought.  \n',
        tool_calls: [call(A, 'station_clock', { station: ' Bern ' })],
      }),
      tool(A, 'station_clock', '  12:30\n'),
    ],
    tools,
  },
  'indent-in-content': {
    messages: [
      user('Code?'),
      assistant('<think>\n  Indented thought.\n</think>\n\n    let a = 1\n', {
        tool_calls: [call(A, 'station_clock', { station: 'Bern' })],
      }),
      tool(A, 'station_clock', '12:30'),
    ],
    tools,
  },
  'argument-named-items': {
    messages: [
      user('Add'),
      assistant('', { tool_calls: [call(A, 'basket', { items: ['pear', 'fig'], get: 'now' })] }),
      tool(A, 'basket', 'done'),
    ],
    tools: basketTools,
  },
  empty: { messages: [user(''), assistant(''), user('x')] },
  'think-in-content': { messages: [user('2+2?'), assistant('<think>\nsum\n</think>\n\n4'), user('3+3?')] },
  'two-systems': { messages: [{ role: 'system', content: 'One.' }, { role: 'system', content: 'Two.' }, user('Go')] },
  'late-system': {
    messages: [user('Hi'), assistant('Hello'), { role: 'system', content: 'From now on in French.' }, user('Go')],
  },
  'tools-then-turns': {
    messages: [
      user('Both'),
      assistant('', { tool_calls: [call(A, 'station_clock', { station: 'Bern' })] }),
      tool(A, 'station_clock', '12:30'),
      assistant('', { tool_calls: [call(B, 'station_clock', { station: 'Basel' })] }),
      tool(B, 'station_clock', '12:31'),
      assistant('Bern 12:30, Basel 12:31.'),
      user('And Chur?'),
    ],
    tools,
  },
  'deep-arguments': {
    messages: [
      user('n'),
      assistant('', {
        tool_calls: [
          call(
            A,
            'find_train',
            '{"from": "a\\"b", "to": "c\\\\d\\n", "options": {"quiet": false, "classes": [["x", {"y": [1, -2, 3.5e-8, 1E5]}], []], "price": {"max": -0.0, "currency": null}}, "": "empty key", "é 中": "\\u00e9\\ud83d\\ude00"}',
          ),
        ],
      }),
      tool(A, 'find_train', '[]'),
    ],
    tools,
  },
  'names-of-methods': {
    messages: [
      user('n'),
      assistant('', {
        tool_calls: [
          call(A, 'basket', { keys: ['a'], values: { items: 1 }, update: true, pop: null, copy: 'c', get: 'g' }),
        ],
      }),
      tool(A, 'basket', 'ok'),
    ],
    tools: basketTools,
  },
  'no-properties': {
    messages: [user('Go')],
    tools: [
      {
        type: 'function',
        function: { name: 'go', description: 'Goes', parameters: { type: 'object', properties: {} } },
      },
    ],
  },
  'schema-words': {
    messages: [user('Go')],
    tools: [
      {
        type: 'function',
        function: {
          name: 'plan',
          description: 'Plans\n  a trip:\t"fast" or \'slow\'',
          parameters: {
            type: 'object',
            properties: {
              when: { type: 'string', format: 'date-time', description: 'When' },
              pair: {
                type: 'array',
                items: { type: 'integer', minimum: 0, maximum: 10 },
                minItems: 2,
                description: 'Two numbers',
              },
              any: { description: 'Anything' },
              choice: { type: 'integer', enum: [1, 2, 3], default: 2, description: 'One of three' },
              nested: {
                type: 'object',
                properties: {
                  items: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
                },
                additionalProperties: false,
              },
              ratio: { type: 'number', default: 0.5, description: 'A share' },
            },
            required: ['when', 'pair'],
            additionalProperties: false,
          },
        },
      },
    ],
  },
  'thinking-off-tools': {
    messages: [
      user('What time is it in Bern?'),
      assistant(null, { reasoning_content: 'The clock.', tool_calls: [call(A, 'station_clock', { station: 'Bern' })] }),
      tool(A, 'station_clock', '12:30'),
    ],
    tools,
    extra: { enable_thinking: false },
  },
  'open-end': {
    messages: [user('Go on: one, two'), assistant('three,')],
    addGenerationPrompt: false,
    extra: { custom: [1, 'a', null, true], depth: { of: 2.5 } },
  },
  'marks-in-text': {
    messages: [
      { role: 'system', content: '{{ bos_token }} {% if %}' },
      user('<|im_end|> [INST] </s> <think>'),
      assistant('</think> {"a": 1} <tool_call>'),
      user('&amp; \\n %s {} {0}'),
    ],
  },
}
