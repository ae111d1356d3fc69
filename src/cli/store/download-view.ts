import cliProgress, { type MultiBar, type SingleBar } from 'cli-progress'
import type { Offer } from '../../store/resolve.js'
import type { FileProgress, PullProgress, StoredModel } from '../../store/store.js'
import { inBytes } from '../../store/wording.js'

/** More files side by side are more than a screen shows. */
const MOST_BARS = 8
const LONGEST_PATH = 40

/** A download on stderr: bars for all and for each file on a terminal; elsewhere one line when it is done. */
export class DownloadView {
  private bars: MultiBar | undefined
  private total: SingleBar | undefined
  private readonly files = new Map<string, SingleBar>()
  private readonly started = performance.now()
  private last: PullProgress | undefined

  constructor(
    private readonly name: string,
    private readonly stream: NodeJS.WriteStream = process.stderr,
    private readonly quiet = false,
  ) {}

  /** What is about to be fetched. */
  offer({ name, bytes, files }: Offer): void {
    if (this.stream.isTTY && !this.quiet)
      this.stream.write(`${name}: ${inBytes(bytes)} in ${countOf(files.length, 'file')}\n`)
  }

  note(text: string): void {
    if (!this.quiet) this.stream.write(`${text}\n`)
  }

  show(progress: PullProgress): void {
    const { phase, doneBytes, totalBytes, current, note } = progress
    const isNew = note !== undefined && note !== this.last?.note
    this.last = progress
    if (!this.stream.isTTY || this.quiet) return
    if (isNew && this.bars) this.bars.log(`${note}\n`)
    else if (isNew) this.stream.write(`${note}\n`)
    if (phase === 'listing' || phase === 'done' || totalBytes === 0) return
    this.bars ??= this.open()
    this.total ??= this.bars.create(totalBytes, doneBytes, {})
    this.total.setTotal(totalBytes)
    this.total.update(doneBytes, { label: 'in all'.padEnd(LONGEST_PATH), rest: restOf(progress) })
    this.showFiles(current.slice(0, MOST_BARS))
  }

  /** All is there: one line, which says what it was. */
  end({ bytes, files, open, origin }: StoredModel): void {
    this.stop()
    if (this.quiet) return
    const seconds = (performance.now() - this.started) / 1000
    const fetched = this.last ? this.last.totalBytes - this.last.keptBytes : 0
    // Only what came now was compared with its hash.
    const how =
      fetched > 0
        ? `${inBytes(fetched)} fetched in ${seconds.toFixed(0)} s (${inBytes(Math.round(fetched / seconds))}/s), each byte checked`
        : `here before; kaiyuan verify ${this.name} checks each byte`
    this.stream.write(
      `${this.name}: ${inBytes(bytes)} in ${countOf(files.length, 'file')}, ${how}${origin === 'folder' ? `, in ${open}` : ''}\n`,
    )
  }

  stop(): void {
    this.bars?.stop()
    this.bars = undefined
    this.total = undefined
    this.files.clear()
  }

  private showFiles(current: readonly FileProgress[]): void {
    const paths = new Set(current.map(({ path }) => path))
    for (const [path, bar] of this.files) {
      if (paths.has(path)) continue
      this.bars?.remove(bar)
      this.files.delete(path)
    }
    for (const { path, doneBytes, totalBytes } of current) {
      const found = this.files.get(path)
      const payload = { label: shortened(path), rest: `${inBytes(doneBytes)} of ${inBytes(totalBytes)}` }
      if (found) found.update(doneBytes, payload)
      else {
        const bar = this.bars?.create(totalBytes, doneBytes, payload)
        if (bar) this.files.set(path, bar)
      }
    }
  }

  private open(): MultiBar {
    const format = '{label} {bar} {percentage}% | {rest}'
    const options = { format, stream: this.stream, clearOnComplete: true, hideCursor: true, barsize: 24, fps: 5 }
    return new cliProgress.MultiBar(options, cliProgress.Presets.shades_classic)
  }
}

function restOf({ phase, doneBytes, totalBytes, filesDone, files, bytesPerSecond, secondsLeft }: PullProgress): string {
  const parts = [`${inBytes(doneBytes)} of ${inBytes(totalBytes)}`, `${filesDone} of ${countOf(files, 'file')}`]
  if (phase === 'waiting') return [...parts, 'another process fetches it'].join(' | ')
  if (phase === 'checking') return [...parts, 'checking what is there'].join(' | ')
  if (bytesPerSecond > 0) parts.push(`${inBytes(Math.round(bytesPerSecond))}/s`)
  if (secondsLeft !== undefined) parts.push(`${timeText(secondsLeft)} left`)
  return parts.join(' | ')
}

/** `1:02:03`, `4:05`, `7 s`. */
function timeText(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

function shortened(path: string): string {
  return path.length <= LONGEST_PATH ? path.padEnd(LONGEST_PATH) : `...${path.slice(3 - LONGEST_PATH)}`
}

export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
