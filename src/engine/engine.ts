/** A model in memory, and how it gets there. */
export * from './loaded-engine.js'
export { loadEngine } from './load.js'
