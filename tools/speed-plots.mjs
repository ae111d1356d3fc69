// Draws docs/pictures/speed-{bytes,context,streams}.svg from bench/results/*.json, which bench/peers makes: how the time of a token
// grows with the bytes of a model, with what is in its cache, and how much several answers at once give together.
import { writeFileSync } from 'node:fs'
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { PEERS, isVariant, oneOfEach, titleOf } from './speed-results.mjs'

const { document } = parseHTML('<!doctype html><html><body></body></html>')
const COLOURS = { Kaiyuan: '#1f6feb', [PEERS.native]: '#d1570a', [PEERS.llama]: '#8a63d2' }

/** Of each measurement in Node two points: ours and the other engine's. */
function points() {
  const results = oneOfEach().filter(
    ({ browser, promptTokens, cache = 'f16' }) => !browser && promptTokens <= 256 && cache === 'f16',
  )
  return results.flatMap((result) => {
    const { medians, shape, fileBytes, context = 0, streams = 1 } = result
    const model = titleOf(result)
    return Object.entries(medians).map(([name, { decodeTokensPerSecond: speed }]) => {
      const engine = PEERS[name] ?? 'Kaiyuan'
      return { engine, model, shape, megabytes: fileBytes / 1e6, context, streams, speed, ms: 1000 / speed }
    })
  })
}

/** Models that were measured at several values of a field. */
function series(all, field) {
  const valuesOf = (model) => new Set(all.filter((point) => point.model === model).map((point) => point[field]))
  return all.filter(({ model }) => valuesOf(model).size > 1)
}

/** A picture on a ground of its own, so that it can be read on a dark page too. */
function write(name, title, options) {
  const svg = Plot.plot({
    document,
    width: 720,
    height: 360,
    marginLeft: 60,
    marginRight: 190,
    marginTop: 48,
    color: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
    ...options,
    marks: [
      Plot.text([title], { frameAnchor: 'top-left', dx: -50, dy: -38, fontSize: 14, fontWeight: 600 }),
      ...options.marks,
    ],
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  svg.setAttribute('style', 'background: #fff; color: #1f2328; font: 12px system-ui, sans-serif')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', title)
  writeFileSync(new URL(`../docs/pictures/speed-${name}.svg`, import.meta.url), `${svg.outerHTML}\n`)
  console.log(`docs/pictures/speed-${name}.svg`)
}

/** Models next to each other. */
const dots = (all, x, y) => [
  Plot.dot(all, { x, y, fill: 'engine', r: 4 }),
  Plot.text(
    all.filter((point) => !all.some((other) => other.model === point.model && other[x] > point[x])),
    Plot.selectLast({ x, y, z: 'model', text: 'model', dx: 8, textAnchor: 'start' }),
  ),
  ...Object.entries(COLOURS)
    .filter(([engine]) => all.some((point) => point.engine === engine))
    .map(([engine, fill], i) =>
      Plot.text([engine], { frameAnchor: 'top-left', fill, fontWeight: 600, dx: 8 + 170 * i, dy: -14 }),
    ),
]

/** The same models at several values, from zero on. */
const lines = (all, x, y) => [
  Plot.ruleY([0]),
  Plot.line(all, {
    x,
    y,
    sort: x,
    stroke: 'engine',
    z: (point) => `${point.engine} ${point.model}`,
    strokeOpacity: 0.6,
  }),
  ...dots(all, x, y),
]

const all = points()
// One format of each model: the labels of the others would lie on each other.
const plain = all.filter((point) => point.context === 0 && point.streams === 1 && !isVariant(point))
write('bytes', 'Milliseconds a token, by the size of the model', {
  x: { label: 'MB of weights', type: 'log', grid: true },
  y: { label: null, type: 'log', grid: true },
  marks: dots(plain, 'megabytes', 'ms'),
})
const deep = series(
  all.filter(({ streams }) => streams === 1),
  'context',
)
if (deep.length > 0)
  write('context', 'Milliseconds a token, by the tokens in the cache', {
    x: { label: 'tokens in the cache', grid: true },
    y: { label: null, grid: true },
    marks: lines(deep, 'context', 'ms'),
  })
const many = series(
  all.filter(({ context }) => context === 0),
  'streams',
)
if (many.length > 0)
  write('streams', 'Tokens a second of all answers together, by how many there are', {
    x: { label: 'answers at once', grid: true },
    y: { label: null, grid: true },
    marks: lines(many, 'streams', 'speed'),
  })
