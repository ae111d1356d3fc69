// Reads mutants one after the other and tells the parent of each; the parent ends it when one takes too long.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Chance } from './chance.mjs'
import { wholeModels } from './models.mjs'
import { mutant, read } from './readers.mjs'

const [root, ...rest] = process.argv.slice(2)
const only = rest.pop()
const [seed, first, end, step] = rest.map(Number)
const MEGABYTE = 2 ** 20

async function loadProduct() {
  const of = (path) => import(pathToFileURL(join(root, 'dist', path)).href)
  const names = {
    'checkpoint/files/memory.js': ['memoryFiles'],
    'checkpoint/formats/decode.js': ['decodeRows'],
    'models/open.js': ['openCheckpoint'],
    'models/registry.js': ['buildProgram'],
    'engine/measure/parameters.js': ['programWeights'],
    'engine/load.js': ['loadEngineFrom'],
    'engine/answer/defaults.js': ['generationDefaults', 'stopIdsOf'],
    'tokenizer/load.js': ['loadTokenizer'],
    'chat/template.js': ['loadChatTemplate'],
    'errors.js': ['UserError'],
  }
  const product = {}
  for (const [path, wanted] of Object.entries(names)) {
    const found = await of(path)
    for (const name of wanted) product[name] = found[name]
  }
  return product
}

/** How a mutant ended: read, refused, or internal with the error. */
async function outcome(product, made, chance) {
  try {
    await read(product, made, chance)
    return { end: 'read' }
  } catch (error) {
    if (error instanceof product.UserError) return { end: 'refused', said: error.message }
    return { end: 'internal', said: error instanceof Error ? String(error.stack) : String(error) }
  }
}

const product = await loadProduct()
const whole = wholeModels(root)
const send = (message) => new Promise((resolve) => process.send(message, resolve))

for (let number = first; number < end; number += step) {
  const chance = new Chance(seed, number)
  const made = mutant(whole, chance, number)
  if (only && made.reader !== only) {
    if (number % 1000 < step) await send({ number, reader: made.reader, end: 'passed over' })
    continue
  }
  await send({ number, begun: made.reader })
  const [cpu, memory] = [process.cpuUsage(), process.resourceUsage().maxRSS]
  const result = await outcome(product, made, chance)
  const { user, system } = process.cpuUsage(cpu)
  const grown = ((process.resourceUsage().maxRSS - memory) * 1024) / MEGABYTE
  await send({
    number,
    reader: made.reader,
    seconds: (user + system) / 1e6,
    megabytes: grown,
    ...result,
    said: result.end === 'internal' ? result.said : undefined,
  })
}
process.disconnect()
