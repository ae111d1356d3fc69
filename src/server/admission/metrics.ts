import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ServedModel } from './models.js'
import type { EngineStatus, GenerationResult } from '../../remote/engine-like.js'

/** An engine that does not say how it is by then is left out this time. */
const PATIENCE_MS = 1000

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const TOKEN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

/** What /metrics shows, in Prometheus' text form. Labels are routes and models that exist, so their number is bounded. */
export class Metrics {
  private readonly registry = new Registry()
  private readonly requests = this.counter('requests_total', 'Requests by route and status.', ['route', 'status'])
  private readonly duration = this.histogram('request_seconds', 'From a request to the end of its answer.', ['route'])
  private readonly queued = this.histogram('queue_seconds', 'How long requests waited for their turn.', ['model'])
  private readonly firstToken = this.histogram('time_to_first_token_seconds', 'From a request to its first piece.', [
    'model',
  ])
  private readonly betweenTokens = this.histogram(
    'time_per_output_token_seconds',
    'Mean time between the tokens of an answer.',
    ['model'],
    TOKEN_SECONDS,
  )
  private readonly promptTokens = this.counter('prompt_tokens_total', 'Tokens of prompts.', ['model'])
  private readonly cachedTokens = this.counter('cached_prompt_tokens_total', 'Of these, found in the cache.', ['model'])
  private readonly answerTokens = this.counter('generated_tokens_total', 'Tokens of answers.', ['model'])

  private readonly up = this.gauge('engine_up', '1 while the engine can answer.', ['model'])
  private readonly crashes = this.gauge('engine_crashes', 'How often the engine was started again.', ['model'])
  /** What the engines count since they were loaded. sequences / steps is the mean batch. */
  private readonly sums = {
    steps: this.gauge('engine_steps', 'Steps of the engine.', ['model']),
    sequences: this.gauge('engine_step_sequences', 'Sum of the sequences in each step (the batch).', ['model']),
    tokens: this.gauge('engine_step_tokens', 'Sum of the tokens in each step.', ['model']),
    stepSeconds: this.gauge('engine_step_seconds', 'Sum of the time of the steps.', ['model']),
    pages: this.gauge('cache_pages', 'Pages of the cache that exist.', ['model']),
    freePages: this.gauge('cache_pages_free', 'Of these, pages that no request uses.', ['model']),
    pageBytes: this.gauge('cache_page_bytes', 'Bytes of one page.', ['model']),
  } satisfies Partial<Record<keyof EngineStatus, Gauge>>

  constructor(private readonly models: readonly ServedModel[]) {
    this.gauge('resident_memory_bytes', 'Memory of the process.', [], (gauge) => gauge.set(process.memoryUsage.rss()))
    this.gauge('waiting_requests', 'Requests in the queue.', ['model'], (gauge) => {
      for (const { name, admission } of models) gauge.set({ model: name }, admission.waiting)
    })
    this.gauge('running_answers', 'Answers in flight.', ['model'], (gauge) => {
      for (const { name, admission } of models) gauge.set({ model: name }, admission.active)
    })
  }

  get contentType(): string {
    return this.registry.contentType
  }

  async text(): Promise<string> {
    await this.observeEngines()
    return this.registry.metrics()
  }

  request(route: string, status: number, milliseconds: number): void {
    this.requests.inc({ route, status })
    this.duration.observe({ route }, milliseconds / 1000)
  }

  wait(model: string, milliseconds: number): void {
    this.queued.observe({ model }, milliseconds / 1000)
  }

  /** @param firstPieceMs from the request on; undefined when the answer had no text */
  answer(model: string, answer: GenerationResult, firstPieceMs: number | undefined): void {
    this.promptTokens.inc({ model }, answer.promptTokens)
    this.cachedTokens.inc({ model }, answer.cachedTokens)
    this.answerTokens.inc({ model }, answer.ids.length)
    if (firstPieceMs !== undefined) this.firstToken.observe({ model }, firstPieceMs / 1000)
    const tokens = answer.ids.length
    if (tokens > 1) this.betweenTokens.observe({ model }, answer.timings.decodeMs / 1000 / (tokens - 1))
  }

  /** Asks the engines for their sums. */
  private async observeEngines(): Promise<void> {
    await Promise.all(
      this.models.map(async ({ name: model, source }) => {
        this.up.set({ model }, source.state === 'ready' ? 1 : 0)
        this.crashes.set({ model }, source.crashes)
        if (source.state !== 'ready') return
        const asked = Promise.resolve(source.engine.status()).catch(() => undefined)
        const status = await Promise.race([asked, pause(PATIENCE_MS)])
        if (!status) return
        for (const [key, gauge] of Object.entries(this.sums)) gauge.set({ model }, status[key as keyof EngineStatus])
      }),
    )
  }

  private counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `kaiyuan_${name}`, help, labelNames, registers: [this.registry] })
  }

  private histogram(name: string, help: string, labelNames: string[], buckets = SECONDS): Histogram {
    return new Histogram({ name: `kaiyuan_${name}`, help, labelNames, buckets, registers: [this.registry] })
  }

  private gauge(name: string, help: string, labelNames: string[], collect?: (gauge: Gauge) => void): Gauge {
    return new Gauge({
      name: `kaiyuan_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect && {
        collect() {
          collect(this)
        },
      }),
    })
  }
}

function pause(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds).unref())
}
