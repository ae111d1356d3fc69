/** What can be asked for when a model is loaded, for clients that see nothing else of the engine. */
export { BACKEND_NAMES, type BackendName, type LoadOptions, type LoadProgress } from '../engine/options.js'
