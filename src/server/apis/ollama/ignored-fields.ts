import { z } from 'zod'
import type { IgnoredField } from '../ignored-fields.js'

const number = z.number()
const flag = z.boolean()
const ANSWERS = ['ollama'] as const
const ALL = ['ollama', 'ollama-embed'] as const

const SAMPLERS = 'this sampler is not here'

/** Options that say how Ollama lays out a model on its machine, and what only its own samplers read. */
const LAYOUT: readonly [names: readonly string[], schema: z.ZodType, why: string][] = [
  [['num_ctx', 'num_keep'], number, 'all of the context is there'],
  [['num_batch', 'num_gpu', 'main_gpu', 'num_thread'], number, 'the server was told how to compute'],
  [['numa', 'low_vram', 'f16_kv', 'use_mmap', 'use_mlock'], flag, 'the server was told how to compute'],
  [['logits_all', 'vocab_only', 'embedding_only'], flag, 'the server was told how to compute'],
  [['typical_p', 'tfs_z', 'mirostat', 'mirostat_tau', 'mirostat_eta'], number, SAMPLERS],
  [['penalize_newline'], flag, SAMPLERS],
]

/** The values with which the samplers that are not here are off. */
const OFF = new Map<string, unknown>([
  ['typical_p', 1],
  ['tfs_z', 1],
  ['mirostat', 0],
  ['penalize_newline', true],
])

/** Of Ollama's API. */
export const ignoredByOllama: readonly IgnoredField[] = [
  {
    apis: ALL,
    field: 'keep_alive',
    schema: z.union([z.string(), number]),
    why: 'models stay loaded',
  },
  {
    apis: ANSWERS,
    field: 'truncate',
    schema: flag,
    why: 'a prompt that does not fit is refused',
    holds: (value) => value === false,
  },
  {
    apis: ANSWERS,
    field: 'shift',
    schema: flag,
    why: 'an answer ends where the context does',
    holds: (value) => value === false,
  },
  ...LAYOUT.flatMap(([names, schema, why]) =>
    names.map((name) => ({
      apis: ALL,
      field: `options.${name}`,
      schema,
      why,
      ...(OFF.has(name) && { holds: (value: unknown) => value === OFF.get(name) }),
    })),
  ),
  {
    apis: ALL,
    field: 'options.repeat_last_n',
    schema: z.int().min(-1),
    why: 'repeat_penalty counts the whole text',
    holds: (value) => value === -1 || value === 0,
  },
  ...['verbose', 'system', 'template', 'options'].map((field) => ({
    apis: ['ollama-show'] as const,
    field,
    schema: z.unknown(),
    why: 'what is known is shown',
  })),
]
