import type { EngineLike } from '../../remote/engine-like.js'
import type { EngineSource } from '../../remote/supervisor.js'
import { ApiError } from '../http/api-error.js'
import { Admission, type AdmissionLimits } from './admission.js'

/** A model under the name that requests give, with the line before it. */
export class ServedModel {
  readonly admission: Admission

  constructor(
    readonly source: EngineSource,
    limits: AdmissionLimits,
  ) {
    this.admission = new Admission(limits)
  }

  get name(): string {
    return this.source.name
  }

  /** @throws EngineUnavailable while the model is not loaded. */
  get engine(): EngineLike {
    return this.source.engine
  }
}

/** The models of this server, by name. */
export class ModelSet {
  /** Seconds since 1970. */
  readonly created = Math.floor(Date.now() / 1000)
  private readonly byName: ReadonlyMap<string, ServedModel>

  constructor(
    sources: readonly EngineSource[],
    limits: AdmissionLimits,
    /** Asks for a model's own name where there is only one, too. */
    private readonly strict = false,
  ) {
    this.byName = new Map(sources.map((source) => [source.name, new ServedModel(source, limits)]))
  }

  get all(): ServedModel[] {
    return [...this.byName.values()]
  }

  /** A message without the places of models on this machine: clients know them by their names. */
  conceal(text: string): string {
    let shown = text
    for (const { name, source } of this.byName.values())
      for (const place of source.places) if (/[/\\]/.test(place)) shown = shown.replaceAll(place, name)
    return shown
  }

  /**
   * The model of this name. The only model of a server answers to any: many programs have fixed names, or send none.
   * @throws ApiError 404 that names what there is; 400 where no name is given
   */
  find(name: string | undefined): ServedModel {
    const [only] = this.byName.values()
    if (only && this.byName.size === 1 && !this.strict) return only
    if (name === undefined || name === '') {
      const message = `missing parameter: model; there is ${[...this.byName.keys()].join(', ')}`
      throw new ApiError(400, message, { code: 'missing_required_parameter', param: 'model' })
    }
    return this.named(name)
  }

  /** The model of exactly this name. @throws ApiError 404 that names what there is */
  named(name: string): ServedModel {
    const model = this.byName.get(name)
    if (model) return model
    const shown = JSON.stringify(name.slice(0, 100))
    const message = `there is no model ${shown} here; there is ${[...this.byName.keys()].join(', ')}`
    throw new ApiError(404, message, { code: 'model_not_found', param: 'model' })
  }
}
