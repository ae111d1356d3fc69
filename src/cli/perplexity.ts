import type { LoadFlags } from './flags.js'
import { cancelOnInterrupt, openModel, printJson } from './model.js'
import { textOf } from './text-file.js'

export interface PerplexityFlags extends LoadFlags {
  readonly file: string
  readonly window?: number
  readonly json?: boolean
}

/** exp of the mean negative log-likelihood of a text's tokens. */
export async function perplexity(model: string, flags: PerplexityFlags): Promise<void> {
  const text = await textOf(flags.file)
  const signal = cancelOnInterrupt()
  const engine = await openModel(model, flags, signal)
  try {
    const started = performance.now()
    const result = await engine.perplexity(await engine.encode(text), {
      signal,
      window: flags.window,
      onProgress: (scored, total) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${scored} of ${total} tokens`)
      },
    })
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    const seconds = (performance.now() - started) / 1000
    if (flags.json) return printJson({ ...result, seconds, precision: engine.info.precision })
    process.stdout.write(
      `perplexity ${result.perplexity.toFixed(4)} over ${result.tokens} tokens, ${(result.tokens / seconds).toFixed(1)} tok/s\n`,
    )
  } finally {
    await engine.close()
  }
}
