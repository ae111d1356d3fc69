/*
 * kaiyuan/plan: what a model is and what it takes, from its headers, its config alone or a published shape. It reads no
 * weights and runs wherever the engine does.
 */
export { memoryBandwidth, openHeaders, planModel } from './engine/measure/headers.js'
export { UserError } from './errors.js'

export type { KvCache, Precision } from './backends/backend.js'
export type { ModelFiles } from './checkpoint/files/files.js'
export type { ByteSource, FileSet } from './checkpoint/files/source.js'
export type { HeaderOptions, ModelFacts, ModelHeaders, ModelShape, TensorFacts } from './engine/measure/headers.js'
export type { LoadPlan, PlanOptions } from './engine/measure/plan.js'
export type { OpOutline, OutlineState, OutlineValue, OutlineWeight } from './graph/outline.js'
export type { ErrorDetail, NamedOption, OptionName, Remedy, UserErrorCode, Wording } from './errors.js'
