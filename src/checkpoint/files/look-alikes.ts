/** What stands where a file was expected: downloads that went wrong, and formats of other programs. */
import { UserError } from '../../errors.js'
import type { ByteSource, FileSet } from './source.js'

interface LookAlike {
  /** How it begins, one character for each byte; what is text in any case and after any space. */
  readonly begins: readonly string[]
  readonly what: string
  readonly advice: string
}

const LOOK_ALIKES: readonly LookAlike[] = [
  {
    begins: ['version https://git-lfs'],
    what: 'a Git LFS pointer in place of the file',
    advice: 'Run git lfs pull in the folder, or download the file itself.',
  },
  {
    begins: ['<!doctype', '<html', '<?xml'],
    what: 'a web page in place of the file',
    advice: 'Download the file itself, not the page that shows it.',
  },
  {
    begins: ['{"error', '{"message', '{"detail', '{"code', '{"status', '{"success', '{"title'],
    what: 'the message of a server in place of the file',
    advice: 'Read what it says, and download the file itself.',
  },
  {
    begins: ['PK\x03\x04', '\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'],
    what: "a pickle of Python's, as torch.save writes it, which can run any code, or another zip archive",
    advice: 'Use the .safetensors or .gguf files of the same model.',
  },
  {
    begins: ['lmgg', 'tjgg', 'fmgg', 'algg'],
    what: 'GGML, the format before GGUF',
    advice: 'Use a .gguf file of the same model.',
  },
  {
    begins: ['\x1f\x8b', '\x28\xb5\x2f\xfd', '\xfd7zXZ', 'BZh9', '7z\xbc\xaf\x27\x1c', 'Rar!'],
    what: 'a compressed file or archive (gzip, zstd, xz, bzip2, 7z or rar)',
    advice: 'Unpack it first.',
  },
]

/** @throws UserError when the first bytes of a file are those of something known that is not what was expected. */
export function refuseLookAlike(name: string, start: Uint8Array): void {
  const text = String.fromCharCode(...start.subarray(0, 64))
  const plain = text.trimStart().toLowerCase()
  const found = LOOK_ALIKES.find(({ begins }) => begins.some((own) => text.startsWith(own) || plain.startsWith(own)))
  if (found) throw new UserError(`${name}: found ${found.what}. ${found.advice}`, 'invalid_file')
}

/** As {@link refuseLookAlike}, of a file that is not read yet. */
export async function refuseLookAlikeIn(source: ByteSource): Promise<void> {
  refuseLookAlike(source.name, await source.read(0, Math.min(64, source.size)))
}

/** Weights that other programs keep, by how their names end. */
const OTHER_WEIGHTS: readonly (readonly [RegExp, string])[] = [
  [/\.(bin|pth|pt|ckpt)$/i, "pickles of Python's, which can run any code and are not read"],
  [/\.(h5|msgpack|onnx|npz|pdiparams|tflite|mlmodel|nemo)$/i, 'weights of another program, which are not read'],
]

/** What a folder without weights that can be read has instead, for its message; undefined where that says nothing. */
export function otherWeights(names: readonly string[]): string | undefined {
  for (const [ending, what] of OTHER_WEIGHTS) {
    const found = names.filter((name) => ending.test(name))
    if (found.length > 0) return `${found.slice(0, 3).join(', ')}: ${what}`
  }
  return undefined
}

/**
 * An adapter (LoRA) alone is no model, and next to a model its folder does not say which of the two is asked for.
 * @throws UserError for a folder that has one.
 */
export async function refuseAdapter(files: FileSet): Promise<void> {
  if (files.main !== undefined) return
  const names = await files.list()
  const config = names.includes('adapter_config.json') || (names.length === 0 && (await exists(files)))
  if (!config) return
  throw new UserError(
    `${files.name}: the folder holds an adapter (adapter_config.json, LoRA or the like), which cannot be applied. ` +
      'Merge it into its base model (merge_and_unload of peft) and give the merged folder; to run the base model alone, take the adapter out.',
    'unsupported_format',
  )
}

async function exists(files: FileSet): Promise<boolean> {
  const source = await files.open('adapter_config.json')
  await source?.close()
  return source !== undefined
}
