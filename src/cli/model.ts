import { existsSync } from 'node:fs'
import { MINI } from '../checkpoint/files/mini.js'
import { UserError } from '../errors.js'
import type { EngineLike } from '../remote/engine-like.js'
import { openEngine } from '../remote/in-process.js'
import type { LoadOptions } from '../remote/load-options.js'
import { looksLikeName } from '../store/names/named.js'
import { loadOptions, type LoadFlags } from './flags.js'
import type { LoadBar } from './print/load-bar.js'
import type { Ask } from './store/consent.js'
import { localModel, withLocalDraft } from './store/local-model.js'

/** Loads longer than this show a bar. */
const PATIENCE_MS = 300

/** With one positional argument: is it a model, right or misspelt, or a prompt for mini? */
export function looksLikeModel(text: string): boolean {
  return looksLikeName(text, existsSync)
}

/** Ctrl-C cancels what runs; the command then ends with 130. */
export function cancelOnInterrupt(): AbortSignal {
  return heedInterrupts().signal
}

/** Runs what Ctrl-C cancels, for commands that do something else with Ctrl-C afterwards. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, release } = heedInterrupts()
  try {
    return await run(signal)
  } finally {
    release()
  }
}

function heedInterrupts(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const cancel = (): void => controller.abort(new UserError('cancelled', 'aborted'))
  const leave = (): never => process.exit(130)
  const interrupt = (): void => {
    cancel()
    // A second Ctrl-C does not wait.
    process.once('SIGINT', leave)
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', cancel)
  const release = (): void => {
    process.off('SIGINT', interrupt).off('SIGINT', leave).off('SIGTERM', cancel)
  }
  return { signal: controller.signal, release }
}

/** Loads a model into this process, with a progress bar on a terminal; one that is named is fetched first. */
export async function openModel(
  model: string | undefined,
  flags: LoadFlags,
  signal?: AbortSignal,
  ask?: Ask,
): Promise<EngineLike> {
  const place = await localModel(model ?? MINI, flags, signal, ask)
  const load = loadOptions(await withLocalDraft(flags, signal, ask))
  return withProgressBar((progress) => openEngine(place, { ...load, ...progress, signal }))
}

/** Shows how far a load is, on a terminal. */
export async function withProgressBar<E>(load: (options: Pick<LoadOptions, 'onProgress'>) => Promise<E>): Promise<E> {
  const started = performance.now()
  let bar: Promise<LoadBar> | undefined
  let loaded = 0
  try {
    return await load({
      onProgress({ loadedBytes, totalBytes }) {
        if (!process.stderr.isTTY) return
        loaded = loadedBytes
        if (bar) void bar.then((shown) => shown.update(loaded))
        else if (performance.now() - started > PATIENCE_MS)
          bar = import('./print/load-bar.js').then(({ LoadBar }) => new LoadBar(loaded, totalBytes))
      },
    })
  } finally {
    ;(await bar)?.stop()
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
