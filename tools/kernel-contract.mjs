// What both sides read of kernels/contract.ts: AssemblyScript classes and constants, the dispatch by opcode, the host's
// copy.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { rowsText } from './kernel-rows.mjs'

const MADE = '// Made by tools/build-kernels.mjs from kernels/contract.ts and scratch.ts; not in version control.\n'

/** Files that are written for one row of x, and for how many they are made. */
const ROWS = {
  rows: [1, 2, 3, 4],
  'block-rows': [1, 2, 3, 4],
  'own-bits-rows': [1, 2, 3, 4],
  tiles: [2, 4],
  'block-tiles': [2, 4],
}

/** Texts of the generated modules, by their path below the repository's root. */
export async function generate(root) {
  const source = await readFile(join(root, 'kernels/contract.ts'), 'utf8')
  const scratch = await readFile(join(root, 'kernels/scratch.ts'), 'utf8')
  const contract = await importText(source)
  check(contract)
  const linear = join(root, 'kernels/cpu/linear')
  return {
    ...Object.fromEntries(
      await Promise.all(
        Object.entries(ROWS).map(async ([name, counts]) => [
          `kernels/cpu/linear/${name}.generated.ts`,
          rowsText(await readFile(join(linear, `${name}.ts`), 'utf8'), counts),
        ]),
      ),
    ),
    'kernels/cpu/contract.generated.ts': MADE + kernelSide(contract),
    'kernels/cpu/dispatch.generated.ts': MADE + dispatch(contract, await exportedKernels(join(root, 'kernels/cpu'))),
    'kernels/cpu/scratch.generated.ts': MADE + kernelScratch(scratch),
    'src/backends/contract.generated.ts': MADE + source,
    'src/backends/scratch.generated.ts': MADE + scratch.replace("'./contract'", "'./contract.generated.js'"),
  }
}

/** kernels/scratch.ts in AssemblyScript. */
function kernelScratch(source) {
  const generated = source.replace("'./contract'", "'./contract.generated'").replaceAll(': number', ': i32')
  return generated
    .replace(/^(export )?function/gm, '@inline $1function')
    .replace(/^(export const \w+) =/gm, '$1: i32 =')
}

/** A module of TypeScript without imports, as this process runs it. */
async function importText(source) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: 'ES2022' },
  })
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`)
}

function check({ KERNELS, KERNEL_FORMATS, RECORD_BYTES, recordFields }) {
  const codes = new Map()
  const once = (what, code, name) => {
    const key = `${what} ${code}`
    if (codes.has(key))
      throw new Error(`kernels/contract.ts: ${what} ${code} is that of ${codes.get(key)} and of ${name}`)
    codes.set(key, name)
  }
  for (const [name, { code }] of Object.entries(KERNEL_FORMATS)) once('format', code, name)
  for (const [name, kernel] of Object.entries(KERNELS)) {
    once('opcode', kernel.opcode, name)
    const fields = recordFields(kernel)
    for (const field of fields) once(`${name}.${field.name}, field`, '', name)
    if (fields.some(({ word }) => (word + 2) * 4 > RECORD_BYTES))
      throw new Error(`kernels/contract.ts: the fields of ${name} do not fit in a record of ${RECORD_BYTES} bytes`)
    if (kernel.begins === undefined) continue
    for (const [i, { name: expected, word }] of recordFields(KERNELS[kernel.begins]).entries())
      if (fields[i]?.name !== expected || fields[i].word !== word)
        throw new Error(`kernels/contract.ts: ${name} does not begin as ${kernel.begins}: ${expected} is elsewhere`)
  }
}

function kernelSide(contract) {
  const { KERNELS, KERNEL_FORMATS, CONTROL_BLOCK, STEP_HEADER, DESCRIPTOR, STAGED_BLOCK, RECORD_HEADER, recordFields } =
    contract
  const constants = [
    ['RECORD_BYTES', 'usize', contract.RECORD_BYTES],
    ['PAGE_SIZE', 'i32', contract.PAGE_SIZE],
    ['GROUP_ROWS', 'i32', contract.GROUP_ROWS],
    ['CHUNK_COLUMNS', 'i32', contract.CHUNK_COLUMNS],
    ['X_BLOCK_BYTES', 'usize', contract.X_BLOCK_BYTES],
    ['DELTA_CHUNK', 'i32', contract.DELTA_CHUNK],
    ['RAISE', 'i32', contract.RAISE],
    ['GATED_FEW_ROWS', 'i32', contract.GATED_FEW_ROWS],
    ['BARRIER_BEFORE', 'i32', contract.BARRIER_BEFORE],
    ...Object.entries(CONTROL_BLOCK).map(([name, at]) => [upper(name), 'usize', at]),
    ...Object.entries(STAGED_BLOCK).map(([name, at]) => [`STAGED_${upper(name)}`, 'usize', at]),
    ...codes('SCORING', contract.SCORING),
    ...codes('ACTIVATION', contract.ACTIVATION),
    ...codes('CACHE', contract.CACHE),
    ...Object.entries(KERNEL_FORMATS).map(([name, { code }]) => [upper(name), 'i32', code]),
    ...Object.entries(KERNEL_FORMATS).flatMap(([name, { panelBytes, codeBytes, scaleBytes }]) =>
      panelBytes === undefined
        ? []
        : [
            [`${upper(name)}_PANEL`, 'usize', panelBytes],
            [`${upper(name)}_CODES`, 'usize', codeBytes],
            [`${upper(name)}_SCALES`, 'usize', scaleBytes],
            [`${upper(name)}_BLOCK`, 'usize', codeBytes + scaleBytes],
          ],
    ),
  ]
  const lines = constants.map(([name, type, value]) => `export const ${name}: ${type} = ${value}`)
  lines.push('', '// The header of a step.')
  for (const [i, [name, kind]] of Object.entries(STEP_HEADER).entries()) {
    const type = kind === 'int' ? 'i32' : 'usize'
    const load = kind === 'int' ? 'i32' : 'u32'
    const getter = kind === 'address' ? `${name}Ptr` : name
    lines.push(`@inline export function ${getter}(): ${type} { return load<${load}>(STEP, ${i * 4}) }`)
  }
  lines.push('', '/** A matrix, by its descriptor. */', '@unmanaged export class Matrix {')
  for (const [name, kind] of Object.entries(DESCRIPTOR)) lines.push(`  ${name}: ${typeOf(kind)}`)
  lines.push('}', '', '/** What every record begins with. */', '@unmanaged export class OpRecord {')
  for (const name of RECORD_HEADER) lines.push(`  ${name}: i32`)
  lines.push('}')
  for (const [name, kernel] of Object.entries(KERNELS)) {
    const skip = kernel.begins === undefined ? 0 : recordFields(KERNELS[kernel.begins]).length
    const parent = kernel.begins === undefined ? 'OpRecord' : className(kernel.begins)
    lines.push('', `@unmanaged export class ${className(name)} extends ${parent} {`)
    for (const field of recordFields(kernel).slice(skip)) lines.push(...members(field).map((line) => `  ${line}`))
    lines.push('}')
  }
  return `${lines.join('\n')}\n`
}

function codes(prefix, values) {
  return Object.entries(values).map(([name, code]) => [`${prefix}_${upper(name)}`, 'i32', code])
}

function members({ name, kind, word }) {
  switch (kind) {
    case 'int':
      return [`${name}: i32`]
    case 'float':
      return [`${name}: f32`]
    case 'rows':
    case 'rows?':
      return [
        `${name}: usize`,
        `${name}Stride: usize`,
        `@inline ${name}Row(i: i32): usize { return this.${name} + <usize>i * this.${name}Stride }`,
      ]
    case 'matrix':
      return [`${name}Ptr: usize`, `@inline get ${name}(): Matrix { return changetype<Matrix>(this.${name}Ptr) }`]
    case 'matrices':
      return [
        `${name}: usize`,
        `@inline ${name}At(i: i32): Matrix { return changetype<Matrix>(<usize>load<u32>(this.${name} + (<usize>i << 2))) }`,
      ]
    case 'vectors?':
      return [
        `${name}: usize`,
        `@inline ${name}At(i: i32): usize { return this.${name} ? <usize>load<u32>(this.${name} + (<usize>i << 2)) : 0 }`,
      ]
    case 'list': {
      const at = (offset) => `load<u32>(changetype<usize>(this) + (<usize>b << 3), ${(word + 1) * 4 + offset})`
      return [
        `/** How many. */`,
        `${name}: i32`,
        `@inline ${name}Row(b: i32, i: i32): usize { return <usize>${at(0)} + <usize>i * <usize>${at(4)} }`,
      ]
    }
    default:
      return [`${name}: usize`]
  }
}

function typeOf(kind) {
  return kind === 'int' ? 'i32' : kind === 'float' ? 'f32' : 'usize'
}

/** Each function that takes a record of its own class, and the file that exports it. */
async function exportedKernels(folder) {
  const files = new Map()
  for (const file of (await readdir(folder, { recursive: true })).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.generated.ts')) continue
    const text = await readFile(join(folder, file), 'utf8')
    for (const [, name, type] of text.matchAll(/^export function (\w+)\(rec: (\w+)\): void/gm))
      if (type === className(name)) files.set(name, file.slice(0, -'.ts'.length))
  }
  return files
}

function dispatch({ KERNELS }, files) {
  const imports = new Map()
  const cases = Object.entries(KERNELS).map(([name, { opcode }]) => {
    const file = files.get(name)
    if (file === undefined)
      throw new Error(
        `kernels/cpu: no file exports \`function ${name}(rec: ${className(name)}): void\`, which kernels/contract.ts names`,
      )
    imports.set(file, [...(imports.get(file) ?? []), name])
    return `    case ${opcode}: ${name}(changetype<${className(name)}>(record)); break`
  })
  const classes = Object.keys(KERNELS).map(className)
  return [
    `import { OpRecord, ${classes.join(', ')} } from './contract.generated'`,
    ...[...imports].map(([file, names]) => `import { ${names.join(', ')} } from './${file}'`),
    '',
    'export function runOp(record: usize): void {',
    '  switch (changetype<OpRecord>(record).opcode) {',
    ...cases,
    '    default: unreachable()',
    '  }',
    '}',
    '',
  ].join('\n')
}

/** linear_experts: LinearExpertsRecord. */
function className(kernel) {
  return `${kernel.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase())}Record`
}

/** geluTanh: GELU_TANH. */
function upper(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}
