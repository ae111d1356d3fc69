import { createHash } from 'node:crypto'
import type { EngineInfo, EngineLike } from '../../../remote/engine-like.js'
import { UserError } from '../../../errors.js'
import type { ModelSet, ServedModel } from '../../admission/models.js'
import { badRequest } from '../../http/api-error.js'
import { post, type Call, type Route } from '../route.js'
import { findModel } from './names.js'
import { showSchema, type ShowRequest } from './schema.js'

/** The version of Ollama whose API this is: clients ask for one that has what they need. */
const API_VERSION = '0.12.6'

/** Models are never taken out of memory. */
const NEVER = '9999-12-31T23:59:59Z'

/** https://docs.ollama.com/api/tags */
export const ollamaTagsRoute: Route = {
  method: 'GET',
  path: '/api/tags',
  summary: 'The models of this server, in the form of Ollama',
  tag: 'Ollama',
  handle: ({ scope: { state } }) => Response.json({ models: state.models.all.map((one) => listed(state.models, one)) }),
}

/** https://docs.ollama.com/api/ps */
export const ollamaPsRoute: Route = {
  method: 'GET',
  path: '/api/ps',
  summary: 'The models that are loaded, in the form of Ollama',
  tag: 'Ollama',
  handle: ({ scope: { state } }) => {
    const ready = state.models.all.filter(({ source }) => source.state === 'ready')
    const models = ready.map((model) => ({
      ...listed(state.models, model),
      expires_at: NEVER,
      size_vram: 0,
      context_length: model.source.info?.contextLength ?? 0,
    }))
    return Response.json({ models })
  },
}

export const ollamaVersionRoute: Route = {
  method: 'GET',
  path: '/api/version',
  summary: 'The version of Ollama whose API this is',
  tag: 'Ollama',
  handle: () => Response.json({ version: API_VERSION }),
}

/** https://docs.ollama.com/api/show */
export const ollamaShowRoute = post({
  path: '/api/show',
  summary: 'What a model is and can do, in the form of Ollama',
  tag: 'Ollama',
  api: 'ollama-show',
  body: showSchema,
  async handle({ body, scope }: Call<ShowRequest>) {
    const name = body.model || body.name
    if (!name) throw badRequest('model', 'missing parameter: model', 'missing_required_parameter')
    const { models } = scope.state
    const model = findModel(models, name)
    const { engine } = model
    return Response.json({
      modelfile: '',
      parameters: '',
      template: '',
      details: detailsOf(engine.info),
      model_info: modelInfo(engine.info),
      capabilities: await capabilitiesOf(engine),
      modified_at: createdAt(models),
    })
  },
})

function listed(models: ModelSet, { name, source: { info } }: ServedModel) {
  return {
    name,
    model: name,
    modified_at: createdAt(models),
    size: info?.weightBytes ?? 0,
    digest: digestOf(name, info),
    details: detailsOf(info),
  }
}

function createdAt({ created }: ModelSet): string {
  return new Date(created * 1000).toISOString()
}

/** Clients keep models apart by it; of what is known without reading their files again. */
function digestOf(name: string, info: EngineInfo | undefined): string {
  const known = [name, info?.architecture, info?.parameters, info?.weightBytes]
  return createHash('sha256').update(JSON.stringify(known)).digest('hex')
}

function detailsOf(info: EngineInfo | undefined) {
  const family = info?.architecture ?? ''
  return {
    parent_model: '',
    format: '',
    family,
    families: family === '' ? [] : [family],
    parameter_size: info ? parameterSize(info.parameters) : '',
    quantization_level: info ? `${((info.weightBytes * 8) / info.parameters).toFixed(1)} bits` : '',
  }
}

/** 494,000,000 as 494M, 1,543,000,000 as 1.5B. */
function parameterSize(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(1)}B`
  return parameters >= 1e6 ? `${Math.round(parameters / 1e6)}M` : `${Math.round(parameters / 1e3)}K`
}

/** In the words of GGUF, which clients read the context's length from. */
function modelInfo({ architecture, parameters, contextLength, layers, vocabSize }: EngineInfo) {
  return {
    'general.architecture': architecture,
    'general.parameter_count': parameters,
    [`${architecture}.context_length`]: contextLength,
    [`${architecture}.block_count`]: layers,
    [`${architecture}.vocab_size`]: vocabSize,
  }
}

/** Asked of the chat template: what changes a prompt is something that the model knows of. */
async function capabilitiesOf(engine: EngineLike): Promise<string[]> {
  const { hasChatTemplate, hasTokenizer } = engine.info
  if (!hasTokenizer) return ['embedding']
  const parameters = { type: 'object', properties: {} }
  const tool = { type: 'function', function: { name: 'probe', description: 'probe', parameters } } as const
  const [plain, tools, thinking, silent] = await Promise.all([
    promptWith(engine, {}),
    promptWith(engine, { tools: [tool] }),
    promptWith(engine, { templateOptions: { enable_thinking: true, reasoning_effort: 'high' } }),
    promptWith(engine, { templateOptions: { enable_thinking: false, reasoning_effort: 'low' } }),
  ])
  const can = ['completion']
  if (hasChatTemplate && tools !== undefined && tools !== plain) can.push('tools')
  if (hasChatTemplate && thinking !== silent) can.push('thinking')
  return can
}

/** The prompt, to be compared; undefined where the template refuses it. */
async function promptWith(
  engine: EngineLike,
  options: Parameters<EngineLike['encodeChat']>[1],
): Promise<string | undefined> {
  if (!engine.info.hasChatTemplate) return undefined
  try {
    return (await engine.encodeChat([{ role: 'user', content: 'hello' }], options)).join()
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}
