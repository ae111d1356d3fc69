import { loadEngine } from '../engine/load.js'
import { hostEngine } from './host.js'
import { portLine } from './port.js'

/** The file that a Web Worker runs: it loads the model that it is sent, and serves it until it is closed. */
hostEngine(loadEngine, portLine(globalThis))
