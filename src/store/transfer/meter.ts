import type { FileProgress, PullProgress } from '../store.js'

/** The rate is that of so much time. */
const WINDOW_MS = 10_000
const REPORT_MS = 100

/** Counts the bytes of a pull, and reports them now and then. */
export class Meter {
  private readonly done = new Map<string, { path: string; done: number; total: number }>()
  private readonly samples: { at: number; bytes: number }[] = []
  private phase: PullProgress['phase'] | undefined
  private note: string | undefined
  private keptBytes = 0
  private filesDone = 0
  private files = 0
  private totalBytes = 0
  private settledBytes = 0
  private reported = -Infinity

  constructor(
    private readonly onProgress: ((progress: PullProgress) => void) | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  expect(files: number, totalBytes: number): void {
    this.files = files
    this.totalBytes = totalBytes
  }

  /** A file begins; `kept` of its bytes are there. */
  begin(path: string, total: number, kept: number): void {
    this.done.set(path, { path, done: kept, total })
    this.keptBytes += kept
    this.report()
  }

  /** Bytes that a file has more, or fewer where they have to be fetched again. */
  add(path: string, bytes: number): void {
    const file = this.done.get(path)
    if (file) file.done += bytes
    this.sample(bytes)
    this.report()
  }

  /** All of a file is there and right. `kept`: it was before. */
  end(path: string, total: number, kept: boolean): void {
    const file = this.done.get(path)
    this.done.delete(path)
    if (!file && !kept) this.sample(total)
    if (kept) this.keptBytes += total
    this.settledBytes += total
    this.filesDone++
    this.report()
  }

  say(phase: PullProgress['phase'], note?: string): void {
    const isNew = phase !== this.phase || note !== this.note
    this.phase = phase
    this.note = note
    if (isNew) this.report(true)
  }

  tell(note: string): void {
    this.note = note
    this.report(true)
    this.note = undefined
  }

  private sample(bytes: number): void {
    const at = this.now()
    this.samples.push({ at, bytes })
    while (this.samples.length > 1 && this.samples[0]!.at < at - WINDOW_MS) this.samples.shift()
  }

  private get rate(): number {
    const [first] = this.samples
    if (!first) return 0
    const bytes = this.samples.reduce((sum, sample) => sum + sample.bytes, 0)
    return Math.max(0, bytes / Math.max(1, (this.now() - first.at) / 1000))
  }

  private report(always = false): void {
    const now = this.now()
    if (!this.onProgress || (!always && now - this.reported < REPORT_MS)) return
    this.reported = now
    const current: FileProgress[] = [...this.done.values()].map(({ path, done, total }) => ({
      path,
      doneBytes: done,
      totalBytes: total,
    }))
    const doneBytes = this.settledBytes + current.reduce((sum, file) => sum + file.doneBytes, 0)
    const bytesPerSecond = this.rate
    const left = this.totalBytes - doneBytes
    this.onProgress({
      phase: this.phase ?? 'listing',
      doneBytes,
      totalBytes: this.totalBytes,
      keptBytes: this.keptBytes,
      filesDone: this.filesDone,
      files: this.files,
      current,
      bytesPerSecond,
      ...(bytesPerSecond > 0 && { secondsLeft: left / bytesPerSecond }),
      ...(this.note !== undefined && { note: this.note }),
    })
  }
}
