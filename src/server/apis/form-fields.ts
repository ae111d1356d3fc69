import { z } from 'zod'
import { badRequest } from '../http/api-error.js'
import type { AnswerForm } from './answer-form.js'

const grammarText = z.string().max(262_144)
const pattern = z.string().max(20_000)
const choices = z.array(z.string().min(1)).min(1).max(1000)

/** response_format of chat completions. */
export const responseFormatField = z
  .strictObject({
    type: z.enum(['text', 'json_object', 'json_schema', 'regex', 'ebnf', 'lark', 'gbnf']),
    json_schema: z
      .object({ name: z.string().nullish(), schema: z.unknown().optional(), strict: z.boolean().nullish() })
      .optional(),
    schema: z.unknown().optional().describe('Of type json_object: a JSON schema.'),
    pattern: pattern.optional().describe('Of type regex: what the whole answer matches.'),
    grammar: grammarText
      .optional()
      .describe('Of type ebnf, lark and gbnf: a grammar with a rule called root, or start in lark.'),
  })
  .nullish()

/** The form of an answer in the words of vLLM, SGLang and llama.cpp. */
export const formFields = {
  guided_json: z.unknown().optional().describe('A JSON schema that the answer validates against.'),
  guided_regex: pattern.nullish(),
  guided_choice: choices.nullish().describe('The answer is one of these texts.'),
  guided_grammar: grammarText.nullish().describe('A grammar in EBNF.'),
  structured_outputs: z
    .strictObject({
      json: z.unknown().optional(),
      json_object: z.literal(true, 'leave json_object out, or say true').nullish(),
      regex: pattern.nullish(),
      choice: choices.nullish(),
      grammar: grammarText.nullish(),
    })
    .nullish(),
  json_schema: z.unknown().optional().describe('A JSON schema that the answer validates against.'),
  regex: pattern.nullish(),
  ebnf: grammarText.nullish(),
  grammar: grammarText.nullish().describe('A grammar in GBNF.'),
}

type FormFields = z.output<z.ZodObject<typeof formFields>>
type Format = NonNullable<AnswerForm['format']>

/** The form that one of these fields asks for. @throws ApiError where several do */
export function formOf(
  body: FormFields & { readonly response_format?: z.output<typeof responseFormatField> },
): AnswerForm['format'] {
  const { response_format: format, structured_outputs: structured } = body
  const asked: Format[] = []
  const add = (param: string, type: string, schema: unknown): void => {
    if (schema !== undefined && schema !== null) asked.push({ param, type, schema })
  }
  if (format && format.type !== 'text') asked.push(responseFormat(format))
  add('guided_json', 'json_schema', schemaOf(body.guided_json))
  add('guided_regex', 'regex', body.guided_regex)
  add('guided_choice', 'regex', body.guided_choice && choiceRegex(body.guided_choice))
  add('guided_grammar', 'ebnf', body.guided_grammar)
  if (structured) {
    const { json, json_object: object, regex, choice, grammar } = structured
    add('structured_outputs.json', 'json_schema', schemaOf(json))
    if (object) asked.push({ param: 'structured_outputs.json_object', type: 'json_object' })
    add('structured_outputs.regex', 'regex', regex)
    add('structured_outputs.choice', 'regex', choice && choiceRegex(choice))
    add('structured_outputs.grammar', 'ebnf', grammar)
  }
  add('json_schema', 'json_schema', schemaOf(body.json_schema))
  add('regex', 'regex', body.regex)
  add('ebnf', 'ebnf', body.ebnf)
  add('grammar', 'gbnf', body.grammar === '' ? undefined : body.grammar)
  const [first, second] = asked
  if (!first || !second) return first
  throw badRequest(second.param, `${second.param}: the answer has a form already, by ${first.param}; give one of them`)
}

function responseFormat(format: NonNullable<z.output<typeof responseFormatField>>): Format {
  const { type, json_schema: json, schema, pattern: expression, grammar } = format
  const texts = type === 'regex' ? expression : grammar
  const own = type === 'json_schema' ? (json?.schema ?? schema) : type === 'json_object' ? schema : texts
  return { param: 'response_format', type, schema: own }
}

/** vLLM takes a schema as text too. */
function schemaOf(schema: unknown): unknown {
  if (typeof schema !== 'string') return schema
  try {
    return JSON.parse(schema) as unknown
  } catch {
    return schema
  }
}

function choiceRegex(texts: readonly string[]): string {
  return `(${texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})`
}
