import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { useActs } from '../acts/context.js'
import type { Attachment } from '../storage/types.js'
import { number, words } from '../text/words.js'
import type { Acts } from '../acts/acts.js'
import { optionsOf, promptOf, withFiles } from '../acts/prompt.js'

const COUNT_MS = 400

interface Counted {
  readonly used: number
  readonly of: number
}

/** Tokens of what would be sent now. */
async function counted(acts: Acts, text: string, files: readonly Attachment[]): Promise<Counted | undefined> {
  const { chats, desk, model } = acts
  if (model === undefined) return undefined
  const engine = await desk.engine(model, chats.current.value.settings.precision)
  const prompt = promptOf(chats.path.value, chats.current.value)
  const asked = withFiles(text, files)
  const messages = asked === '' ? prompt : [...prompt, { role: 'user' as const, content: asked }]
  if (messages.length === 0) return { used: 0, of: engine.info.contextLength }
  const { tools, templateOptions } = optionsOf(chats.current.value.settings)
  const used = await engine.countChat(messages, { tools, templateOptions })
  return { used, of: engine.info.contextLength }
}

/** How much of the context the conversation takes with what is written. */
export function Gauge(props: { text: Signal<string>; files: Signal<readonly Attachment[]> }): JSX.Element {
  const acts = useActs()
  const { chats, desk } = acts
  const count = useSignal<Counted | undefined>(undefined)
  const { model } = acts
  const isOpen = model !== undefined && desk.contexts.value.has(model)
  const isRunning = chats.isBusy.value
  useEffect(() => {
    // Only of an engine that is there: a look at the page loads no model.
    if (!isOpen || isRunning) return undefined
    const timer = setTimeout(() => {
      counted(acts, props.text.value, props.files.value).then(
        (now) => (count.value = now),
        () => (count.value = undefined),
      )
    }, COUNT_MS)
    return () => clearTimeout(timer)
  }, [props.text.value, props.files.value, chats.path.value, model, isOpen, isRunning])
  const shown = count.value
  if (!shown || shown.used === 0) return <span class="gauge" />
  const label = words.value.context(number(shown.used), number(shown.of))
  return (
    <span class="gauge" title={label}>
      <meter min={0} max={shown.of} high={shown.of * 0.8} value={shown.used} aria-label={label} />
      <span class="muted">
        {number(shown.used)} / {number(shown.of)}
      </span>
    </span>
  )
}
