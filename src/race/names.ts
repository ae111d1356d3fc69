import type { ModelRow, RaceData, Ruler } from './data/rows.js'
import type { Rated } from './outcome.js'

/** What models.csv and names.csv know of a rated model. */
export type Known = Pick<Rated, 'model' | 'modelId' | 'organisation' | 'country' | 'licence' | 'licenceClass'> & {
  readonly row?: ModelRow | undefined
}

/** Finds models by the names that a ruler gives them. */
export function namesOf(data: RaceData, ruler: Ruler): (name: string) => Known {
  const named = new Map(data.names.filter((row) => row.ruler === ruler).map((row) => [row.name, row]))
  const byId = new Map(data.models.map((row) => [row.id, row]))
  const byTitle = new Map(data.models.map((row) => [row.model, row]))
  return (name) => {
    const known = named.get(name)
    const row = known ? byId.get(known.model_id) : ruler === 'eci' ? byTitle.get(name) : undefined
    return {
      model: known?.title ?? name,
      country: known?.country ?? row?.country,
      modelId: row?.id,
      organisation: row?.organisation,
      licence: row?.licence || undefined,
      licenceClass: row?.licence_class,
      row,
    }
  }
}
