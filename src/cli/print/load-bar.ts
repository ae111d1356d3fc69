import cliProgress from 'cli-progress'
import prettyBytes from 'pretty-bytes'

/** How much of a model is loaded, in a line on stderr that goes when it is whole. */
export class LoadBar {
  private readonly bar = new cliProgress.SingleBar(
    {
      format: 'loading {bar} {percentage}% of {size} | {eta_formatted} left',
      stream: process.stderr,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  )

  constructor(loadedBytes: number, totalBytes: number) {
    this.bar.start(totalBytes, loadedBytes, { size: prettyBytes(totalBytes) })
  }

  update(loadedBytes: number): void {
    this.bar.update(loadedBytes)
  }

  stop(): void {
    this.bar.stop()
  }
}
