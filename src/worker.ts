/*
 * kaiyuan/worker: an engine in a thread of its own, and the line to it. In Node; bundlers for browsers take worker-web.ts.
 */
export { loadEngine, type WorkerLoadOptions } from './remote/node.js'
export * from './remote/worker-exports.js'
