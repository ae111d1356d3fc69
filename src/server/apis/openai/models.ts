import type { ModelSet, ServedModel } from '../../admission/models.js'
import type { Route } from '../route.js'

export const modelsRoute: Route = {
  method: 'GET',
  path: '/v1/models',
  summary: 'The models of this server',
  tag: 'OpenAI',
  handle({ scope: { state } }) {
    const data = state.models.all.map((model) => shown(state.models, model))
    // The lower fields are for clients of Anthropic's API.
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
    return Response.json({ object: 'list', data, has_more: false, ...ends })
  },
}

export const modelRoute: Route = {
  method: 'GET',
  path: '/v1/models/{model}',
  summary: 'One model',
  tag: 'OpenAI',
  handle: ({ scope: { state }, params }) =>
    Response.json(shown(state.models, state.models.named(params['model'] ?? ''))),
}

function shown(models: ModelSet, { name, source }: ServedModel) {
  return {
    id: name,
    object: 'model',
    created: models.created,
    owned_by: 'kaiyuan',
    root: name,
    parent: null,
    type: 'model',
    display_name: name,
    created_at: new Date(models.created * 1000).toISOString(),
    ...(source.info && { max_model_len: source.info.contextLength }),
  }
}
