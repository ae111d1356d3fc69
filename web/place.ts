import type { Place } from './engine/line.js'
import { serverPlace } from './engine/served.js'
import { askKey } from './page/key-dialog.js'

/** Where this build has its engines. The static build has another file in this one's place. */
export function openPlace(): Place {
  return serverPlace(askKey)
}
