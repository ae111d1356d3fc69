/*
 * kaiyuan/worker for browsers, where the thread is a Web Worker.
 */
export { loadEngine, type WorkerLoadOptions } from './remote/web.js'
export * from './remote/worker-exports.js'
