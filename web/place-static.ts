import type { Place } from './engine/line.js'
import { workerPlace } from './engine/worker.js'
import { goOffline } from './page/offline.js'

/** Where the static build has its engines. */
export function openPlace(): Place {
  void goOffline()
  return workerPlace()
}
