import { readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { invariant } from '../errors.js'
import type { FromWork, ToWork } from './node-work-thread.js'

/** How much others go before this thread: about nine times its share of a core that both want. */
const NICE = 10

/**
 * The thread's side of a WorkThread: answers the questions that it is sent. Those who serve answers go before it where cores are few.
 * @param failureOf what is sent of an error
 * @param moved buffers of an answer that need no copy
 */
export function answerWork<Ask, Answer, Failure>(
  answer: (ask: Ask) => Answer | Promise<Answer>,
  failureOf: (error: unknown) => Failure,
  moved: (answer: Answer) => ArrayBuffer[] = () => [],
): void {
  invariant(parentPort, 'this file is the beginning of a worker')
  const port = parentPort
  const send = (message: FromWork<Answer, Failure>, buffers: ArrayBuffer[] = []): void =>
    port.postMessage(message, buffers)
  const answered = async ({ id, ask }: ToWork<Ask>): Promise<void> => {
    try {
      const found = await answer(ask)
      send({ id, answer: found }, moved(found))
    } catch (error) {
      send({ id, failure: failureOf(error) })
    }
  }
  lowerPriority()
  port.on('message', (message: ToWork<Ask>) => void answered(message))
  send('running')
}

/** Of this thread alone, which takes its number: Linux says it, and gives each thread a priority of its own. */
function lowerPriority(): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, Math.min(getPriority(thread) + NICE, constants.priority.PRIORITY_LOW))
  } catch {
    // Without /proc, or where priorities are not to be changed, it has the priority of the others.
  }
}
