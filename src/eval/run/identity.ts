import { hashOf } from '../data/hash.js'
import type { AnswerSampling, SubjectIdentity } from '../subject/subject.js'
import type { Task, TaskClass, TaskFiles } from '../task/task.js'

/** What decides about a result. Two results are comparable when the first group agrees; the others say what is compared. */
export interface RunIdentity {
  readonly task: string
  readonly version: string
  readonly class: TaskClass
  /** sha256 of the files' hashes. */
  readonly data: string
  readonly shots: number
  /** Documents, and whether they are all that there are. */
  readonly documents: number
  readonly isWhole: boolean
  /** Days between which documents were published, where only those are asked. */
  readonly window?: string | undefined
  /** sha256 of the hashes of all prompts in their order. */
  readonly prompts: string
  /** Prompts are conversations, rendered by the model's own template. */
  readonly chat: boolean
  readonly repeats: number
  readonly sampling: AnswerSampling
  readonly maxTokens: number | undefined
  readonly stop: readonly string[]
  readonly subject: SubjectIdentity
}

/** Of files whose hash nobody published, the hash of what came. */
export async function dataHash(task: Task, files: TaskFiles): Promise<string> {
  const lines = task.files.map(async ({ name, sha256 }) => `${name} ${sha256 ?? (await hashOf(files.get(name)!))}`)
  return hashOf((await Promise.all(lines)).join('\n'))
}

/** What has to agree before two results are set side by side. */
const COMPARED = [
  'task',
  'version',
  'class',
  'data',
  'shots',
  'window',
  'prompts',
  'chat',
  'repeats',
  'maxTokens',
] as const

/** The first field that keeps two results apart, with both values; undefined where they may be compared. */
export function difference(a: RunIdentity, b: RunIdentity): { field: string; a: string; b: string } | undefined {
  const field = COMPARED.find((name) => a[name] !== b[name])
  if (field !== undefined) return { field, a: shown(a[field]), b: shown(b[field]) }
  const drawn = (['temperature', 'topP', 'seed'] as const).find((name) => a.sampling[name] !== b.sampling[name])
  if (drawn === undefined) return undefined
  return { field: drawn, a: shown(a.sampling[drawn]), b: shown(b.sampling[drawn]) }
}

function shown(value: string | number | boolean | undefined): string {
  const text = String(value)
  return text.length === 64 ? text.slice(0, 12) : text
}
