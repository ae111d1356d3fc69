/** Before the name of a model that the store of this browser has, where an engine is told what to load. */
export const STORED = 'stored:'
