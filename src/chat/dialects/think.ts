import { dialectOf } from './answer.js'

/** `<think>` ... `</think>` before the answer; the prompt may have opened it. No calls. */
export const think = dialectOf({ name: 'think' })
