// What each definition says of its other published forms, held to the weights that its graph reads.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { weightsOf } from '../../src/graph/ops.js'
import type { ModelDefinition } from '../../src/models/definition.js'
import { openCheckpoint } from '../../src/models/open.js'
import { MODELS } from '../../src/models/registry.js'
import type { NameTables, Names } from '../../src/published/names.js'
import { FIXTURES } from '../golden/harness.js'

const GOLDEN = join(FIXTURES, 'golden')
const typeOf = (folder: string): string =>
  (JSON.parse(readFileSync(join(GOLDEN, folder, 'config.json'), 'utf8')) as { model_type: string }).model_type

/** Names that a table leads to, with N for a layer and {e} for an expert. */
function publishedNames({ top, layer, prefix }: NameTables): Set<string> {
  const of = (names: Names, place: string): string[] =>
    Object.values(names).flatMap((entry) => {
      const { name, bare = false } = typeof entry === 'string' ? { name: entry } : entry
      return bare ? [`${place}${name}`] : [`${place}${name}.weight`, `${place}${name}.bias`]
    })
  return new Set([...of(top, ''), ...of(layer, `${prefix}N.`)])
}

const general = (name: string): string =>
  name
    .replace(/^language_model\./, '')
    .replace(/^model\.language_model\./, 'model.')
    .replace(/\blayers\.\d+\./, 'layers.N.')
    .replace(/\.experts\.\d+\./, '.experts.{e}.')

/** Weights of the golden checkpoints of a definition, each by the names that it may have. */
async function weightNames({ modelTypes }: ModelDefinition, fits: (folder: string) => boolean): Promise<string[][]> {
  const folders = readdirSync(GOLDEN).filter((folder) => modelTypes.includes(typeOf(folder)) && fits(folder))
  expect(folders).not.toEqual([])
  const found = new Map<string, string[]>()
  for (const folder of folders) {
    const checkpoint = await openCheckpoint(await nodeFiles(join(GOLDEN, folder)))
    const definition = MODELS.find((model) => model.modelTypes.includes(typeOf(folder)))!
    const { ops } = await definition.build(checkpoint)
    for (const { name, part } of ops.flatMap(({ op }) => weightsOf(op)))
      found.set(general(name), [general(name), ...(part ? [general(part.tensor)] : [])])
    await checkpoint.close()
  }
  return [...found.values()]
}

/** Weights that no name of the tables leads to. */
function missing(tables: NameTables, weights: readonly string[][]): string[] {
  const names = publishedNames(tables)
  // The output's matrix of tiled heads has a name of its own.
  const has = (name: string): boolean => names.has(name) || names.has(name.replace('.out_proj.', '.tiled_out_proj.'))
  return weights.filter((all) => !all.some(has)).map(([name = '']) => name)
}

/** Inside of the wrapper mistral3 there may be another family's text model. */
const notAWrapper = (folder: string): boolean => typeOf(folder) !== 'mistral3'

const forms = MODELS.flatMap((model) =>
  (model.published?.gguf ?? []).map((form) => [form.architecture, model.modelTypes.join(', '), form, model] as const),
)

describe('names in GGUF', () => {
  it.each(forms)('%s of %s: there is one for every weight', async (_, __, form, model) => {
    expect(missing(form.names, await weightNames(model, notAWrapper))).toEqual([])
  })

  it('each architecture has one form that needs no further sign', () => {
    const plain = forms.filter(([, , form]) => !form.when).map(([architecture]) => architecture)
    expect([...new Set(plain)]).toEqual(plain)
    for (const [architecture] of forms) expect(plain).toContain(architecture)
  })
})

const own = MODELS.flatMap((model) =>
  model.published?.mistral ? [[model.modelTypes.join(', '), model.published.mistral, model] as const] : [],
)

describe("names in Mistral's own layout", () => {
  it.each(own)('%s: there is one for every weight', async (_, form, model) => {
    expect(missing(form.names, await weightNames(model, notAWrapper))).toEqual([])
  })
})
