import { describe, expect, it } from 'vitest'
import { optionsOf, promptOf, withFiles } from '../../web/acts/prompt.js'
import { pathOf, subtreeOf, versionsOf } from '../../web/acts/tree.js'
import { fromJson, toJson } from '../../web/storage/exchange.js'
import { fromMarkdown, toMarkdown } from '../../web/storage/markdown.js'
import type { Conversation, Message } from '../../web/storage/types.js'

let clock = 0
const message = (id: string, parent: string, own: Partial<Message> = {}): Message => ({
  id,
  parent,
  conversation: 'c',
  role: 'user',
  text: id,
  created: clock++,
  state: 'done',
  ...own,
})
const NAMES = { you: 'You', tool: 'Tool' }
const said = ({ role, model, text, reasoning, files, calls, callId }: Message): object => ({
  ...{ role, model, text, reasoning, files, calls, callId },
})
const ids = (messages: readonly Message[]): string[] => messages.map(({ id }) => id)

/** q1 has two answers; the first of them continues, the second does not. */
const tree = [
  message('q1', ''),
  message('a1', 'q1', { role: 'assistant' }),
  message('q2', 'a1'),
  message('a2', 'q1', { role: 'assistant' }),
]
const conversation: Conversation = { id: 'c', title: 'T', created: 1, changed: 2, settings: {}, chosen: {} }

describe('the tree of a conversation', () => {
  it('shows the newest version at each place, or the chosen one', () => {
    expect(ids(pathOf(tree, {}))).toEqual(['q1', 'a2'])
    expect(ids(pathOf(tree, { q1: 'a1' }))).toEqual(['q1', 'a1', 'q2'])
  })
  it('is not lost in a circle', () => {
    expect(ids(pathOf([message('x', ''), message('x', 'x')], {}))).toEqual(['x'])
  })
  it('knows the versions of a message, and what comes after it', () => {
    expect(ids(versionsOf(tree, tree[3]!))).toEqual(['a1', 'a2'])
    expect(subtreeOf(tree, 'a1').sort()).toEqual(['a1', 'q2'])
  })
})

describe('what is sent of it', () => {
  it('is the system prompt, and what was not dropped', () => {
    const path = pathOf(tree, { q1: 'a1' })
    const settings = { system: 'Be brief.' }
    expect(promptOf(path, { settings, sentAfter: 'a1' }).map(({ content }) => content)).toEqual(['Be brief.', 'q2'])
    expect(promptOf(path, { settings: {} }).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  })
  it('has no answer that was never begun', () => {
    const path = [
      message('q', ''),
      message('a', 'q', { role: 'assistant', text: '', state: 'failed' }),
      message('r', 'a'),
    ]
    expect(promptOf(path, { settings: {} }).map(({ content }) => content)).toEqual(['q', 'r'])
  })
  it('has files in front, in fences that are longer than theirs', () => {
    expect(withFiles('why?', [{ name: 'a.md', text: '```\nx\n```' }])).toBe('a.md:\n````\n```\nx\n```\n````\n\nwhy?')
  })
  it('has the options that are set, and no others', () => {
    const options = optionsOf({ temperature: 0, schema: '{"type":"object"}', thinking: false })
    expect(options).toMatchObject({
      temperature: 0,
      grammar: { kind: 'json-schema', schema: { type: 'object' } },
      templateOptions: { enable_thinking: false },
    })
    expect(options.topK).toBeUndefined()
  })
})

describe('a conversation that goes out and comes back', () => {
  const whole = { conversation: { ...conversation, chosen: { q1: 'a1' } }, messages: tree }

  it('is the same tree under other names', () => {
    const [read] = fromJson(toJson([whole]))
    expect(pathOf(read!.messages, read!.conversation.chosen).map(({ text }) => text)).toEqual(['q1', 'a1', 'q2'])
    expect(read!.messages).toHaveLength(4)
    expect(read!.conversation.id).not.toBe('c')
  })
  it('reads as Markdown', () => {
    expect(toMarkdown(conversation, pathOf(tree, {}), NAMES)).toBe(
      '# T\n\n## You <!-- user -->\n\nq1\n\n## assistant <!-- assistant -->\n\na2\n',
    )
  })
  it('comes back from Markdown with all that was said, whatever that looks like', () => {
    const sly =
      '# T\n\n## You <!-- user -->\n\\## You <!-- user -->\n</details>\n```md\n## Title\n```\n<!-- file: a -->'
    const files = [{ name: 'a `b`.md', text: `\`\`\`\n${sly}\n\`\`\`\`` }]
    const calls = [{ id: 'c 1', name: 'weather', arguments: '{"city":"Oslo"}' }]
    const path = [
      message('q', '', { text: sly, files }),
      message('a', 'q', { role: 'assistant', model: 'Qwen/Qwen3-0.6B', text: sly, reasoning: `1\n\n${sly}`, calls }),
      message('t', 'a', { role: 'tool', callId: 'c 1', text: 'rain' }),
      message('b', 't', { role: 'assistant', model: 'm', text: '汉字\n\n- [x] 😀' }),
    ]
    const written = toMarkdown({ ...conversation, title: 'A # title' }, path, NAMES)
    const read = fromMarkdown(written, 'other.md')
    expect(read.conversation.title).toBe('A # title')
    expect(read.messages.map(said)).toEqual(path.map(said))
    expect(toMarkdown(read.conversation, pathOf(read.messages, {}), NAMES)).toBe(written)
  })
  it('takes the Markdown of others by its headings', () => {
    const read = fromMarkdown(
      '# Chat\r\n\r\n## User\n\nWhy?\n\n## gpt-x\n\nSo:\n\n```\n## no heading\n```\n',
      'chat.md',
    )
    expect(read.messages.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'Why?'],
      ['assistant', 'So:\n\n```\n## no heading\n```'],
    ])
    expect(() => fromMarkdown('just a text', 'x.md')).toThrow(/expected sections that begin with "## You"/)
  })
  it.each([
    ['no JSON', /JSON/],
    ['{"format":"other"}', /expected a file of kaiyuan-conversations/],
    ['{"format":"kaiyuan-conversations","version":9}', /expected version 1, found 9/],
    [
      '{"format":"kaiyuan-conversations","version":1,"conversations":[{}]}',
      /conversations\[0\]\.conversation: expected an object/,
    ],
    [
      '{"format":"kaiyuan-conversations","version":1,"conversations":[{"conversation":{},"messages":[{"role":"admin"}]}]}',
      /messages\[0\]\.role: expected user, assistant or tool, found "admin"/,
    ],
    [
      '{"format":"kaiyuan-conversations","version":1,"conversations":[{"conversation":{},"messages":[{"role":"user","parent":"x"}]}]}',
      /messages\[0\]\.parent: there is no such message/,
    ],
  ])('is refused where it is not one: %s', (text, why) => {
    expect(() => fromJson(text)).toThrow(why)
  })
})
