import type { Route } from '../route.js'
import { escape } from './page.js'

/** What a browser gets that opens the server's address: what this is, and where to continue. */
export function rootRoute(version: string): Route {
  return {
    method: 'GET',
    path: '/',
    summary: 'A page that says what this is',
    tag: 'Server',
    open: true,
    handle({ scope: { state } }) {
      const models = state.models.all.map(({ name, source }) => ({ name, state: source.state }))
      return new Response(rootPage(version, models), {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        },
      })
    },
  }
}

function rootPage(version: string, models: readonly { name: string; state: string }[]): string {
  const rows = models.map(({ name, state }) => `<li><code>${escape(name)}</code> ${escape(state)}`)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>kaiyuan</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:40rem;margin:0 auto;padding:1rem}code{font:.9em ui-monospace,monospace}</style>
<main><h1>kaiyuan ${escape(version)}</h1>
<p>This is a server of open language models, for programs that speak the APIs of OpenAI or Anthropic. It has:</p>
<ul>${rows.join('')}</ul>
<p>Give such a program this address, with <code>/v1</code> at its end where it asks for a base URL of OpenAI's API, and any API key if
the server was started without one. <a href="docs">docs</a> has every endpoint and its parameters, <a href="openapi.json">openapi.json</a>
the same for machines.</p></main></html>
`
}
