// Preloaded into every thread of a server (`node --import`): how long the thread's events had to wait, and why. For each tenth of a
// second, a line in the folder that KAIYUAN_WATCH names: when it ended, and of the turns of its event loop the longest, in milliseconds:
// by the clock, of this thread's own work, and of waiting for a core that somebody else had. Linux only.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import { threadId } from 'node:worker_threads'

const TURN_MS = 5
const LINE_MS = 100
const file = join(process.env.KAIYUAN_WATCH, `${process.pid}-${threadId}`)
const name = (process.argv[1] ?? '').split('/').at(-1)

/** Nanoseconds on a core and in line for one, as the scheduler counts them. */
const spent = () => readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').slice(0, 2).map(Number)

let [work, wait] = spent()
let turned = performance.now()
let said = turned
let longest = [0, 0, 0]
setInterval(() => {
  const [nextWork, nextWait] = spent()
  const now = performance.now()
  const turn = [now - turned, (nextWork - work) / 1e6, (nextWait - wait) / 1e6]
  longest = longest.map((ms, i) => Math.max(ms, turn[i]))
  ;[work, wait, turned] = [nextWork, nextWait, now]
  if (now - said < LINE_MS) return
  appendFileSync(file, `${Date.now()} ${name} ${longest.map((ms) => ms.toFixed(1)).join(' ')}\n`)
  said = now
  longest = [0, 0, 0]
}, TURN_MS).unref()
