import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { finish } from '../render/finish.js'
import { Pace } from '../render/pace.js'
import { MarkdownStream } from '../render/stream.js'
import { words } from '../text/words.js'
import type { Running } from '../acts/running.js'

interface BodyProps {
  readonly text: string
  /** Which of the two texts of an answer this shows. */
  readonly of: 'text' | 'reasoning'
  readonly running?: Running | undefined
}

/** The inside of an answer, which the stream renders: Preact knows the host and nothing in it. */
export function Body({ text, of, running }: BodyProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const shown = useRef<string | undefined>(undefined)
  useLayoutEffect(() => {
    const element = host.current
    if (!element) return undefined
    if (!running) {
      // What was streamed is what would be rendered.
      if (shown.current !== text) {
        element.replaceChildren()
        newStream(element).whole(text)
        shown.current = text
      }
      return undefined
    }
    return follow(element, running, of, (whole) => (shown.current = whole))
  }, [running, of, running ? '' : text])
  return <div ref={host} class="prose" />
}

function newStream(host: HTMLElement): MarkdownStream {
  const { copy, wrap, code, table } = words.value
  return new MarkdownStream(host, { copy, wrap, code, table }, finish)
}

function follow(host: HTMLElement, running: Running, of: BodyProps['of'], ended: (whole: string) => void): () => void {
  host.replaceChildren()
  const stream = newStream(host)
  let waiting = running[of]
  const render = (): void => {
    if (waiting === '') return
    const piece = waiting
    waiting = ''
    stream.append(piece)
  }
  const pace = new Pace(render)
  const take = (piece: string): void => {
    waiting += piece
    pace.ask()
  }
  render()
  return running.watch({
    text: of === 'text' ? take : () => undefined,
    reasoning: of === 'reasoning' ? take : () => undefined,
    ended() {
      render()
      stream.end()
      ended(running[of])
    },
  })
}
