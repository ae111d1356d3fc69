import type { ModelSet, ServedModel } from '../../admission/models.js'
import type { Route } from '../route.js'

export const modelsRoute: Route = {
  method: 'GET',
  path: '/v1/models',
  summary: 'The models of this server',
  tag: 'OpenAI',
  handle: ({ scope: { state } }) =>
    Response.json({ object: 'list', data: state.models.all.map((model) => shown(state.models, model)) }),
}

export const modelRoute: Route = {
  method: 'GET',
  path: '/v1/models/{model}',
  summary: 'One model',
  tag: 'OpenAI',
  handle: ({ scope: { state }, params }) =>
    Response.json(shown(state.models, state.models.find(params['model'] ?? ''))),
}

function shown(models: ModelSet, { name, source }: ServedModel) {
  return {
    id: name,
    object: 'model',
    created: models.created,
    owned_by: 'kaiyuan',
    ...(source.info && { max_model_len: source.info.contextLength }),
  }
}
