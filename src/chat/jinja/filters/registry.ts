import type { Filter } from '../runtime.js'
import { CHOICE_FILTERS } from './choice.js'
import { MARKUP_FILTERS } from './markup.js'
import { NUMBER_FILTERS } from './numbers.js'
import { ORDER_FILTERS } from './order.js'
import { SEQUENCE_FILTERS } from './sequences.js'
import { TEXT_FILTERS } from './text.js'

/** The filters of Jinja 3.1, with transformers' tojson. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>(
  Object.entries({
    ...TEXT_FILTERS,
    ...MARKUP_FILTERS,
    ...NUMBER_FILTERS,
    ...SEQUENCE_FILTERS,
    ...ORDER_FILTERS,
    ...CHOICE_FILTERS,
  }),
)
