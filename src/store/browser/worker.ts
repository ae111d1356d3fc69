import { hostStore } from './host.js'

/** The file that a page's store runs in a worker. */
hostStore(globalThis)
