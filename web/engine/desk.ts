import { signal } from '@preact/signals'
import type { Pull } from '../storage/models/download.js'
import type { LoadingProgress, ModelEntry, PageEngine, Place } from './line.js'

interface Opened {
  readonly engine: PageEngine
  readonly precision: string
}

/** The models that there are, and the engines that are open. */
export class Desk {
  readonly entries = signal<readonly ModelEntry[]>([])
  /** Of the model that is being loaded. */
  readonly loading = signal<{ readonly name: string; readonly progress?: LoadingProgress } | undefined>(undefined)
  /** Why the models cannot be listed. */
  readonly failure = signal<string | undefined>(undefined)
  /** Context lengths of models that were opened. */
  readonly contexts = signal<ReadonlyMap<string, PageEngine>>(new Map())
  /** Downloads that run, by the names of their models. */
  readonly pulls = signal<
    ReadonlyMap<string, { readonly pull: Pull; readonly loaded: number; readonly total: number }>
  >(new Map())
  private readonly opened = new Map<string, Promise<Opened>>()

  constructor(readonly place: Place) {}

  async refresh(): Promise<void> {
    try {
      this.entries.value = await this.place.models()
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error instanceof Error ? error.message : String(error)
    }
  }

  /** The engine of a model, which is loaded if it is not. @throws Error */
  async engine(name: string, precision: 'fast' | 'exact' = 'fast'): Promise<PageEngine> {
    const wanted = this.place.kind === 'server' ? 'fast' : precision
    const before = await this.opened.get(name)?.catch(() => undefined)
    if (before?.precision === wanted) return before.engine
    if (before) await before.engine.close()
    const opening = this.open(name, wanted)
    this.opened.set(name, opening)
    opening.catch(() => this.opened.delete(name))
    return (await opening).engine
  }

  /** Frees what a model takes. */
  async close(name: string): Promise<void> {
    const opened = await this.opened.get(name)?.catch(() => undefined)
    this.opened.delete(name)
    this.know(name, undefined)
    await opened?.engine.close()
    await this.refresh()
  }

  /** Keeps a model that was given to the page, where the place keeps models. @returns its name @throws Error */
  add(files: readonly File[]): Promise<string> | undefined {
    const adding = this.place.store?.add(files)
    return adding?.finally(() => void this.refresh())
  }

  /** Downloads a model. @returns its name when it is whole; undefined: it was paused @throws Error */
  async pull(address: string): Promise<string | undefined> {
    const pull = this.place.store?.pull(address)
    if (!pull) return undefined
    const know = (loaded: number, total: number): void =>
      void (this.pulls.value = new Map(this.pulls.value).set(pull.name, { pull, loaded, total }))
    know(0, 0)
    pull.onProgress = know
    try {
      return (await pull.ended) ? pull.name : undefined
    } finally {
      const rest = new Map(this.pulls.value)
      rest.delete(pull.name)
      this.pulls.value = rest
      await this.refresh()
    }
  }

  isOpen(name: string): boolean {
    return this.contexts.value.has(name)
  }

  private async open(name: string, precision: 'fast' | 'exact'): Promise<Opened> {
    this.loading.value = { name }
    try {
      // Memory has room for one model of a page.
      if (this.place.kind === 'worker') await this.closeOthers(name)
      const onProgress = (progress: LoadingProgress): void => void (this.loading.value = { name, progress })
      const engine = await this.place.open(name, { precision, onProgress })
      this.know(name, engine)
      return { engine, precision }
    } finally {
      this.loading.value = undefined
    }
  }

  private async closeOthers(name: string): Promise<void> {
    const others = [...this.opened].filter(([other]) => other !== name)
    for (const [other, opened] of others) {
      this.opened.delete(other)
      this.know(other, undefined)
      await (await opened.catch(() => undefined))?.engine.close()
    }
  }

  private know(name: string, engine: PageEngine | undefined): void {
    const contexts = new Map(this.contexts.value)
    if (engine) contexts.set(name, engine)
    else contexts.delete(name)
    this.contexts.value = contexts
  }
}
