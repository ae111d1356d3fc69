import { Admission, type AdmissionLimits } from './admission.js'
import { ApiError } from '../http/api-error.js'
import type { RemoteEngine } from '../../remote/client.js'

/** A model under the name that requests give, with the line before it. */
export interface ServedModel {
  readonly name: string
  readonly engine: RemoteEngine
  readonly admission: Admission
}

/** The models of this server, by name. */
export class ModelSet {
  /** Seconds since 1970. */
  readonly created = Math.floor(Date.now() / 1000)
  private readonly byName: ReadonlyMap<string, ServedModel>

  constructor(engines: readonly RemoteEngine[], limits: AdmissionLimits) {
    this.byName = new Map(
      engines.map((engine) => [engine.name, { name: engine.name, engine, admission: new Admission(limits) }]),
    )
  }

  get all(): ServedModel[] {
    return [...this.byName.values()]
  }

  /** @throws ApiError 404 that names what there is. */
  find(name: string): ServedModel {
    const model = this.byName.get(name)
    if (model) return model
    const shown = JSON.stringify(name.slice(0, 100))
    const message = `there is no model ${shown} here; there is ${[...this.byName.keys()].join(', ')}`
    throw new ApiError(404, message, { code: 'model_not_found', param: 'model' })
  }
}
