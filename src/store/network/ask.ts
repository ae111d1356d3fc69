/** One request to a hub or to where it sends us, tried again while that may help. */
import { passes, pauseBefore, retriesFor, secondsAsked } from '../../retry.js'
import { PATIENCE, pause, throwIfAborted, type Patience } from './patience.js'
import { unreachable } from './refusals.js'
import type { Answer, Transport } from './transport.js'

/** What all requests of a pull share. */
export interface Network {
  readonly transport: Transport
  readonly patience?: Patience | undefined
  readonly signal?: AbortSignal | undefined
  /** Told what a person should know: a pause, and why. */
  readonly onNote?: ((note: string) => void) | undefined
}

const REDIRECTS = 5

/**
 * The answer to a GET; what passes by itself (no connection, 429, 5xx) is tried again.
 * @throws UserError network when no connection comes about
 */
export async function ask(network: Network, url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const { transport, patience = PATIENCE, signal } = network
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal)
    const outcome = await transport
      .get(url, { headers: { 'accept-encoding': 'identity', ...headers }, signal })
      .catch((cause: unknown) => unreachable(url, cause))
    throwIfAborted(signal)
    if ('status' in outcome) transport.reached.add(hostOf(url))
    if ('status' in outcome && !passes(outcome.status)) return outcome
    const asked = 'status' in outcome ? secondsAsked((name) => outcome.header(name)) : undefined
    const wait = pauseBefore(attempt, retriesFor(patience, transport.reached.has(hostOf(url))), asked)
    if (wait === undefined) {
      if ('status' in outcome) return outcome
      throw outcome
    }
    if ('status' in outcome) await outcome.discard()
    network.onNote?.(
      `${hostOf(url)}: ${'status' in outcome ? outcome.status : 'no connection'}; next try in ${shown(wait)}`,
    )
    await pause(wait, signal)
  }
}

/** As {@link ask}, through redirects. Headers, which may hold a token, go to hosts of the same origin only. */
export async function askFollowing(
  network: Network,
  url: string,
  headers: Readonly<Record<string, string>>,
  keep: Readonly<Record<string, string>> = {},
): Promise<{ answer: Answer; url: string; headers: Readonly<Record<string, string>> }> {
  let own = headers
  let at = url
  for (let hop = 0; ; hop++) {
    const answer = await ask(network, at, { ...own, ...keep })
    const next = redirectOf(answer, at)
    if (next === undefined || hop === REDIRECTS) return { answer, url: at, headers: own }
    await answer.discard()
    if (new URL(next).origin !== new URL(at).origin) own = {}
    at = next
  }
}

/** Where an answer leads to. */
export function redirectOf(answer: Answer, url: string): string | undefined {
  const location = [301, 302, 303, 307, 308].includes(answer.status) ? answer.header('location') : undefined
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const next = new URL(location, url)
  return next.protocol === 'https:' || next.protocol === 'http:' ? next.href : undefined
}

export function hostOf(url: string): string {
  return new URL(url).host
}

function shown(ms: number): string {
  return ms >= 1000 ? `${Math.round(ms / 1000)} s` : `${Math.max(1, Math.round(ms))} ms`
}
