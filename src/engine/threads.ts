/** For files that are an engine's worker and its threads at once. */
export { THREAD_NAME, threadsRun } from '../backends/cpu/platform.js'
export { runThread } from '../backends/cpu/threads.js'
