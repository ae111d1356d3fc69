/** What a hub or the network refuses, in words: what was asked, what came, what to do. */
import { UserError } from '../../errors.js'
import type { Answer } from './transport.js'

/** Where the bytes of large files are: a firewall that knows the hub alone stops them. */
const BYTE_HOSTS = 'huggingface.co, *.hf.co, *.xethub.hf.co'

/** An address without what may be secret: the signature after the question mark. */
export function plainAddress(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//')
}

/** No answer at all. */
export function unreachable(url: string, cause: unknown): UserError {
  const reason = said(cause)
  return new UserError(`${plainAddress(url)}: no answer (${reason}). ${adviceFor(reason, url)}`, 'network', { cause })
}

function said(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const inner = cause.cause instanceof Error ? said(cause.cause) : ''
  const errors = cause instanceof AggregateError ? cause.errors.map(said) : []
  return [cause.message || [...new Set(errors)].join(', '), inner].filter(Boolean).join(': ')
}

function adviceFor(reason: string, url: string): string {
  if (/certificate|self.signed|issuer/i.test(reason))
    return 'The certificate is not one that Node knows: name that of your network by NODE_EXTRA_CA_CERTS=FILE, or let Node take those of the system by NODE_USE_SYSTEM_CA=1 (Node 22.19 or newer).'
  if (/proxy/i.test(reason)) return 'Check the proxy in HTTPS_PROXY, or name this host in NO_PROXY.'
  const { hostname } = new URL(url)
  const hosts = /hf\.co$|huggingface\.co$/.test(hostname) ? ` A firewall must let through ${BYTE_HOSTS}.` : ''
  return `Check the network, HTTPS_PROXY if there is a proxy, and HF_ENDPOINT if there is a mirror.${hosts} What is in the cache runs without a network.`
}

/** What is asked for, for messages. */
export interface Asked {
  /** `Qwen/Qwen3-0.6B`. */
  readonly name: string
  readonly revision?: string | undefined
  /** A file, where it is one that was asked for. */
  readonly path?: string | undefined
  /** The hub's page of the model. */
  readonly page: string
  /** The variable that holds its token. */
  readonly tokenVariable: string
  readonly hasToken: boolean
}

/** The refusal of a hub, by the code that Hugging Face sends with it, or by its status. */
export function hubRefusal(asked: Asked, answer: Answer): UserError {
  const { name, page, tokenVariable, hasToken } = asked
  const code = answer.header('x-error-code')
  const words = answer.header('x-error-message')
  const { status } = answer
  if (/access to this resource is disabled/i.test(words ?? ''))
    return new UserError(`${name}: the hub has disabled access to this model. Take another one.`, 'access_denied')
  if (code === 'GatedRepo' || (status === 403 && code === undefined && /gated|restricted/i.test(words ?? '')))
    return gated(asked)
  if (code === 'RevisionNotFound')
    return new UserError(
      `${name}: there is no revision ${asked.revision ?? ''} (branch, tag or commit). See ${page}, or leave it out.`,
      'model_not_found',
    )
  if (code === 'EntryNotFound' || (status === 404 && asked.path !== undefined))
    return new UserError(`${name}: there is no file ${asked.path ?? ''} any more. See ${page}.`, 'file_changed')
  if (status === 401 || status === 404 || code === 'RepoNotFound') {
    const privately = hasToken
      ? `or it is private and the token in use may not read it.`
      : `or it is private: then set ${tokenVariable} to a token that may read it.`
    return new UserError(
      `${name}: the hub knows no such model. The name has a typo (upper and lower case count), ${privately} See ${page}.`,
      'model_not_found',
    )
  }
  if (status === 403)
    return new UserError(
      `${name}: the hub refuses access (403${words ? `, ${words}` : ''}). ${hasToken ? `The token in use may not read it: check it on the hub's page of tokens.` : `Set ${tokenVariable} to a token that may read it.`}`,
      'access_denied',
    )
  return serverRefusal(name, answer)
}

function gated({ name, page, tokenVariable, hasToken }: Asked): UserError {
  const token = hasToken
    ? 'with the account that the token in use belongs to, then try again'
    : `then set ${tokenVariable} to a token of your account and try again`
  return new UserError(
    `${name}: its owner asks for terms to be accepted first. Open ${page} and accept them, ${token}. ` +
      'Conversions of the same model, such as those with GGUF in their names, often ask for none.',
    'access_denied',
  )
}

/** A status that says something of the server and nothing of the model. */
export function serverRefusal(name: string, answer: Answer): UserError {
  const { status } = answer
  if (status === 429)
    return new UserError(
      `${name}: the server wants fewer requests (429) and still did after the pauses that it asked for. ` +
        'Try again in some minutes; with a token (HF_TOKEN) it allows more.',
      'network',
    )
  if (status >= 500)
    return new UserError(
      `${name}: the server fails (${status}). Nothing is wrong here: try again later. What came is kept.`,
      'network',
    )
  if (status === 401 || status === 403)
    return new UserError(
      `${name}: the server asks for a permission (${status}). Give a token that it accepts, or a signed address that has not ended.`,
      'access_denied',
    )
  return new UserError(
    `${name}: expected an answer with the file, found status ${status} from ${plainAddress(answer.url)}.`,
    'network',
  )
}

/** A page where a file or a list was expected: the page that a hotel's or company's network shows before it lets anybody through. */
export function isWebPage(answer: Answer): boolean {
  return /^text\/html/i.test(answer.header('content-type') ?? '')
}

export function webPage(name: string, url: string): UserError {
  return new UserError(
    `${name}: found a web page in place of the file at ${plainAddress(url)}. ` +
      'The network may ask for a login first: open the address in a browser. Otherwise check the address.',
    'network',
  )
}
