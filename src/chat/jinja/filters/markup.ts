import { spendText } from '../../python/limits.js'
import { splitWords, str } from '../../python/text.js'
import { Dict, PythonError, Undefined, isTrue, itemsOf, iterate, toIndex, type Value } from '../../python/values.js'
import type { Filter } from '../runtime.js'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
}

/** Prompts are no HTML: what is escaped stays a plain string, and is escaped again by the next filter. */
function escape(text: string): string {
  spendText(text.length)
  return text.replace(/[&<>'"]/g, (c) => ENTITIES[c]!)
}

const escapeFilter: Filter = (value) => escape(str(value))

const NAMED: Readonly<Record<string, string | undefined>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
}

function unescaped(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));/g,
    (whole: string, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return NAMED[name] ?? whole
      const code = decimal === undefined ? parseInt(hex!, 16) : Number(decimal)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
    },
  )
}

/** Without comments and tags, and with single spaces. */
function stripTags(text: string): string {
  const parts: string[] = []
  let at = 0
  for (;;) {
    const begin = text.indexOf('<', at)
    const end = begin < 0 ? -1 : text.startsWith('<!--', begin) ? text.indexOf('-->', begin) : text.indexOf('>', begin)
    if (end < 0) break
    parts.push(text.slice(at, begin))
    at = end + (text.startsWith('<!--', begin) ? 3 : 1)
  }
  return unescaped(splitWords(parts.join('') + text.slice(at)).join(' '))
}

const attributes: Filter = (value, args) => {
  const [withSpace = true] = args.take('xmlattr', ['autospace'])
  if (!(value instanceof Dict)) throw new PythonError('xmlattr needs a dict')
  const pairs = value.entries().filter(([, item]) => item !== null && !(item instanceof Undefined))
  const text = pairs.map(([key, item]) => {
    if (/[\s/>=]/.test(str(key))) throw new PythonError(`invalid character in attribute name: '${str(key)}'`)
    return `${escape(str(key))}="${escape(str(item))}"`
  })
  return (isTrue(withSpace) && text.length > 0 ? ' ' : '') + text.join(' ')
}

/** quote() of Python's urllib. */
function quoted(text: string, safe: string): string {
  const bytes = new TextEncoder().encode(text)
  spendText(bytes.length * 3)
  return Array.from(bytes, (byte) => {
    const c = String.fromCharCode(byte)
    const stays = byte < 0x80 && (/[\w.~-]/.test(c) || safe.includes(c))
    return stays ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

const urlEncode: Filter = (value) => {
  const items = typeof value === 'string' ? undefined : value instanceof Dict ? pairsOf(value) : itemsOf(value)
  if (!items) return quoted(str(value), '/')
  const part = (item: Value): string => quoted(str(item), '').replaceAll('%20', '+')
  return items
    .map((pair) => {
      const [key, item, ...more] = iterate(pair)
      if (key === undefined || item === undefined || more.length > 0) throw new PythonError('urlencode needs pairs')
      return `${part(key)}=${part(item)}`
    })
    .join('&')
}

const pairsOf = (dict: Dict): Value[] => dict.entries().map((pair) => [...pair])

const HEAD = /^(?:[(<]|&lt;)*/
const URL =
  /^((?:https?:\/\/|www\.)(?:[\w%-]+\.)*[\w%-]+(?::\d{1,5})?(?:[/?#]\S*)?|(?:[\w%-]+\.)+(?:com|net|int|edu|gov|org|info|mil)(?::\d{1,5})?(?:[/?#]\S*)?)$/i
const MAIL = /^\S+@\w[\w.-]*\.\w+$/

const urlize: Filter = (value, args) => {
  const names = ['trim_url_limit', 'nofollow', 'target', 'rel', 'extra_schemes']
  const [limit = null, noFollow = false, target = null, rel = null] = args.take('urlize', names)
  const rels = new Set([
    'noopener',
    ...splitWords(rel === null ? '' : str(rel)),
    ...(isTrue(noFollow) ? ['nofollow'] : []),
  ])
  const extra = ` rel="${escape([...rels].sort().join(' '))}"${target === null ? '' : ` target="${escape(str(target))}"`}`
  const shown = (url: string): string =>
    limit !== null && url.length > toIndex(limit) ? `${url.slice(0, toIndex(limit))}...` : url
  return escape(str(value))
    .split(/(\s+)/u)
    .map((word) => {
      const head = HEAD.exec(word)![0]
      const tail = /(?:[)>.,\n]|&gt;)*$/.exec(word.slice(head.length))![0]
      const middle = word.slice(head.length, word.length - tail.length)
      return head + linked(middle, extra, shown) + tail
    })
    .join('')
}

function linked(word: string, extra: string, shown: (url: string) => string): string {
  if (URL.test(word)) {
    const address = /^https?:\/\//i.test(word) ? word : `https://${word}`
    return `<a href="${address}"${extra}>${shown(word)}</a>`
  }
  const mail = word.replace(/^mailto:/, '')
  return MAIL.test(mail) && !word.startsWith('www.') ? `<a href="mailto:${mail}">${word}</a>` : word
}

export const MARKUP_FILTERS: Readonly<Record<string, Filter>> = {
  e: escapeFilter,
  escape: escapeFilter,
  forceescape: escapeFilter,
  striptags: (value) => stripTags(str(value)),
  urlencode: urlEncode,
  urlize,
  xmlattr: attributes,
}
