import { z } from 'zod'
import { isDay } from './days.js'
import type { RaceFile, RaceRows } from './rows.js'

const text = z.string()
const filled = z.string().min(1, 'expected a text, found nothing')
const day = z.string().refine(isDay, 'expected a day such as 2025-07-15')
const country = z.string().regex(/^[A-Z]{2}$/, 'expected a country in two letters, such as CN')
const number = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, 'expected a number')
  .transform(Number)
const count = z.string().regex(/^\d+$/, 'expected a whole number').transform(Number)
const sources = z
  .string()
  .refine((list) => /^https?:\/\/\S+( https?:\/\/\S+)*( \(.+\))?$/.test(list) || /^\(.{10,}\)$/.test(list), {
    error: 'expected addresses separated by spaces, or in parentheses why there is none',
  })

/** Nothing is `undefined`: not shown by a source. */
function orNothing<Value>(schema: z.ZodType<Value, string>): z.ZodType<Value | undefined, string> {
  return z.union([z.literal('').transform(() => undefined), schema])
}

const ruler = z.enum(['eci', 'arena'])
const board = z.enum(['arena-text', 'arena-text-style-control'])

/** Columns in the order of the files, each with what may stand there. */
export const SCHEMAS = {
  models: z.object({
    id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, 'expected an id such as qwen3-32b'),
    model: filled,
    family: filled,
    organisation: filled,
    country,
    release_date: orNothing(day),
    weights: z.enum(['open', 'api', 'closed']),
    weights_date: orNothing(day),
    licence: text,
    licence_class: z.enum(['osi', 'restricted', 'non-commercial', 'unknown', 'proprietary']),
    fully_open: orNothing(z.literal('yes')),
    total_params_b: orNothing(number),
    active_params_b: orNothing(number),
    context: orNothing(count),
    modality: text,
    architecture: text,
    hf_repo: z.string().regex(/^$|^[\w.-]+\/[\w.-]+$/, 'expected OWNER/NAME'),
    date_basis: z.enum(['announcement', 'models.dev', 'epoch', 'epoch-eci', 'openrouter-listing', 'secondary']),
    confidence: z.enum(['high', 'medium', 'low']),
    doubt: text,
    note: text,
    sources,
  }),
  eci: z.object({
    snapshot: day,
    model: filled,
    variant: text,
    eci: number,
    ci_low: orNothing(number),
    ci_high: orNothing(number),
    release_date: orNothing(day),
    organisation: text,
    country: z.union([country, z.literal('')]),
    accessibility: text,
  }),
  frontier: z.object({
    snapshot: day,
    board,
    openness: z.enum(['closed', 'open']),
    country: z.union([z.literal('all'), country]),
    model: filled,
    score: number,
    ci_low: number,
    ci_high: number,
    votes: orNothing(count),
    behind_best_closed: number,
    models_rated: count,
    read_from: sources,
  }),
  'arena-gap': z.object({
    snapshot: day,
    best_closed: number,
    best_closed_model: filled,
    best_open: orNothing(number),
    best_open_model: text,
    gap: orNothing(number),
    read_from: sources,
    note: text,
  }),
  scores: z.object({
    model_id: filled,
    model: filled,
    benchmark: z.enum(['eci', 'arena-text', 'arena-text-style-control']),
    snapshot: day,
    variant: text,
    score: number,
    ci_low: orNothing(number),
    ci_high: orNothing(number),
    votes: orNothing(count),
    source: sources,
    licence: filled,
    read_from: sources,
  }),
  names: z.object({ ruler, name: filled, title: filled, model_id: text, country }),
} satisfies { [File in RaceFile]: z.ZodType<RaceRows[File]> }

export function columnsOf(file: RaceFile): string[] {
  return Object.keys(SCHEMAS[file].shape)
}
