export const COMMIT: string
export function contentOf(seed: number, size: number): Buffer
export function randomFrom(seed: number): () => number

export interface HubFile {
  path: string
  bytes: Buffer
  isLarge: boolean
  gitSha1: string
  sha256: string
}

export interface HubRepository {
  commit: string
  gated: boolean | string
  /** Who has another one is refused. */
  token?: string | undefined
  renamed?: string
  branches?: string[]
  /** What `moves` makes of it. */
  later?: Iterable<[string, HubFile]>
  files: Map<string, HubFile>
}

/** A probability, or one time. */
type Chance = number | 'once'

export interface Faults {
  cut?: Chance
  stall?: Chance
  flip?: Chance
  flipSmall?: Chance
  etag?: Chance
  wrongRange?: Chance
  ignoreRange?: Chance
  gone?: Chance
  p429?: Chance
  /** The pause that p429 asks for. */
  limitSeconds?: number
  p503?: Chance
  hub503?: Chance
  portal?: Chance
  moves?: Chance
  /** How long a signed address lives. */
  expiryMs?: number
  /** Between chunks of 64 KiB. */
  delayMs?: number
  /** The etag of all bytes. */
  version?: string
}

export class FakeHub {
  constructor(options?: { seed?: number; pageSize?: number })
  endpoint: string
  cdn: string
  listOrigin?: string
  faults: Faults
  repositories: Map<string, HubRepository>
  stats: {
    api: number
    resolves: number
    /** Answers whose ETag was said to be another. */
    renamed: number
    small: number
    ranges: number
    bytes: number
    leaked: number
    limited: number
    /** Bytes sent of each MiB, by the file's sha256. */
    begun: Map<string, number[]>
  }
  add(id: string, files: Record<string, string | number | Uint8Array>, options?: Partial<HubRepository>): HubRepository
  /** Does something as soon as so many bytes were served. */
  after(bytes: number, action: () => void): void
  start(): Promise<this>
  close(): void
}
