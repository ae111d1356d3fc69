/*
 * kaiyuan/worker for browsers, where the thread is a Web Worker.
 */
export { startEngineWorker, type EngineWorkerOptions } from './remote/web.js'
export * from './remote/worker-exports.js'
