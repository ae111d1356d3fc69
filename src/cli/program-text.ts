import type { OpOutline, OutlineState, OutlineValue, OutlineWeight } from '../graph/outline.js'

/**
 * A line for each op, under a heading for each layer. A layer like an earlier one is not repeated: `layers 1-27: as layer 0`.
 * @param all every layer in full
 */
export function programText(ops: readonly OpOutline[], all: boolean): string {
  const groups = groupsOf(ops)
  const firstOf = new Map<string, number>()
  const lines: string[] = []
  let same: { readonly first: number; last: number; readonly as: number } | undefined
  const endSame = (): void => {
    if (same) lines.push(`${same.first === same.last ? 'layer' : 'layers'} ${rangeOf(same)}: as layer ${same.as}`)
    same = undefined
  }
  for (const { part, layer, ops: own } of groups) {
    const shape = part === 'layer' && own.map((op) => opLine(withoutLayer(op))).join('\n')
    const as = shape === false || all ? undefined : firstOf.get(shape)
    if (as !== undefined) {
      if (same?.as === as && same.last === layer - 1) same.last = layer
      else {
        endSame()
        same = { first: layer, last: layer, as }
      }
      continue
    }
    endSame()
    if (shape !== false) firstOf.set(shape, layer)
    lines.push(part === 'layer' ? `layer ${layer}` : part, ...own.map(opLine))
  }
  endSame()
  return lines.map((line) => `${line}\n`).join('')
}

/** The op as in any layer: `model.layers.*.mlp.experts.0.gate_proj.weight`. */
function withoutLayer(op: OpOutline): OpOutline {
  const weights = op.weights.map((weight) => ({ ...weight, name: weight.name.replace(`.${op.layer}.`, '.*.') }))
  return { ...op, weights }
}

function rangeOf({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first}-${last}`
}

interface Group {
  readonly part: OpOutline['part']
  readonly layer: number
  readonly ops: OpOutline[]
}

/** Runs of ops of one layer, or of one part. */
function groupsOf(ops: readonly OpOutline[]): Group[] {
  const groups: Group[] = []
  for (const op of ops) {
    const last = groups.at(-1)
    if (last?.part === op.part && (op.part !== 'layer' || last.layer === op.layer)) last.ops.push(op)
    else groups.push({ part: op.part, layer: op.layer, ops: [op] })
  }
  return groups
}

function opLine({ op, inputs, outputs, weights, states, settings }: OpOutline): string {
  const flow = `${valuesText(inputs)} -> ${valuesText(outputs)}`
  const rest = [
    ...weights.map(weightText),
    ...states.map(stateText),
    ...Object.entries(settings).map(([name, value]) => `${name} ${settingText(value)}`),
  ]
  return `  ${op.padEnd(16)}${flow}${rest.length > 0 ? `  ${rest.join(', ')}` : ''}`
}

/** One is its shape; several have names: `q [T, 2048], k [T, 1024]`. */
function valuesText(values: readonly OutlineValue[]): string {
  const shape = ({ rows, width }: OutlineValue): string => `[${rows}, ${width}]`
  if (values.length === 1) return shape(values[0]!)
  return values.map((value) => `${value.name} ${shape(value)}`).join(', ')
}

function weightText({ field, name, shape, count }: OutlineWeight): string {
  const what = count > 1 ? `${field} ${count} x ` : field === 'weight' ? '' : `${field} `
  return `${what}${name} [${shape.join(', ')}]`
}

function stateText(state: OutlineState): string {
  if (state.kind === 'recurrent') return `state of ${state.floats} floats`
  const { heads, keyDim, valueDim, every } = state
  return `cache of ${heads} x (${keyDim} + ${valueDim})${every > 1 ? ` every ${every} positions` : ''}`
}

function settingText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
