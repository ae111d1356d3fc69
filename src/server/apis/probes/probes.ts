import { ApiError } from '../../http/api-error.js'
import type { Route } from '../route.js'

/** Alive: the process answers. Who restarts processes asks this. */
export const healthRoute: Route = {
  method: 'GET',
  path: '/health',
  summary: 'Whether the process is alive',
  tag: 'Server',
  open: true,
  handle: () => Response.json({ status: 'ok' }),
}

/** Ready: every model is loaded. Who distributes requests asks this. */
export const readyRoute: Route = {
  method: 'GET',
  path: '/ready',
  summary: 'Whether requests are served: 503 while models are loaded and while the server ends',
  tag: 'Server',
  open: true,
  handle({ scope: { state } }) {
    const models = Object.fromEntries(state.models.all.map(({ name, source }) => [name, source.state]))
    const ready = !state.draining && Object.values(models).every((one) => one === 'ready')
    const status = state.draining ? 'draining' : ready ? 'ready' : 'loading'
    return Response.json({ status, models }, { status: ready ? 200 : 503 })
  },
}

export const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  summary: "Counters and times in Prometheus' text form",
  tag: 'Server',
  async handle({ scope: { state } }) {
    const text = await state.metrics.text()
    return new Response(text, { headers: { 'content-type': state.metrics.contentType } })
  },
}

export function notFound(method: string, path: string): ApiError {
  return new ApiError(404, `there is no ${method} ${path}; /docs lists what there is`, { code: 'unknown_url' })
}

export function methodNotAllowed(method: string, path: string, allow: string): ApiError {
  return new ApiError(405, `${path} has no ${method}, but ${allow}`, { code: 'method_not_allowed' })
}
