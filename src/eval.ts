/*
 * kaiyuan/eval: benchmarks with the prompts and scores of lm-evaluation-harness, on an engine or on a server.
 */
export { evaluate, promptsOfTask, type EvaluateOptions } from './eval/evaluate.js'
export { fidelity, type Fidelity, type FidelityOptions } from './eval/fidelity/fidelity.js'
export { servedFidelity, type ServedFidelity } from './eval/fidelity/served.js'
export type { RunIdentity } from './eval/run/identity.js'
export type { Estimate, EvaluationProgress } from './eval/run/progress.js'
export type { AnswerRecord } from './eval/run/record.js'
export type { Evaluated, RunOptions } from './eval/run/evaluate.js'
export type { MetricResult, TaskResult } from './eval/run/result.js'
export type { Interval } from './eval/statistics/interval.js'
export type { ServedModel } from './eval/subject/api.js'
export type { Grade, Item, ScoreTools, Task, TaskData, WrittenAnswer } from './eval/task/task.js'
export { TASKS } from './eval/tasks/registry.js'
