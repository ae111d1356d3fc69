import type { JSX } from 'preact'
import type { Acts } from './acts/acts.js'
import { copied } from './page/clipboard.js'
import { isComposing } from './page/composing.js'
import { words } from './text/words.js'
import { Panel } from './page/panel.js'
import { isListOpen, panel } from './page/ui.js'

type KeyName = keyof typeof words.value.keyNames

/** What the keys do, in the order of the dialog. */
const KEYS: readonly (readonly [name: KeyName, keys: string])[] = [
  ['send', 'Enter'],
  ['newLine', 'Shift+Enter'],
  ['editLast', '↑'],
  ['stop', 'Esc'],
  ['search', 'Ctrl+K'],
  ['newConversation', 'Ctrl+Shift+O'],
  ['settings', 'Ctrl+,'],
  ['models', 'Ctrl+Shift+M'],
  ['copyAnswer', 'Ctrl+Shift+C'],
  ['copyCode', 'Ctrl+Shift+;'],
  ['regions', 'F6'],
  ['list', 'F2, Delete'],
  ['help', '?'],
]

export function KeysPanel(): JSX.Element {
  const w = words.value
  return (
    <Panel name="keys" title={w.keysTitle}>
      <dl class="keys">
        {KEYS.map(([name, keys]) => (
          <div key={name}>
            <dt>
              {keys.split(', ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{w.keyNames[name]}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

/** The keys that work everywhere. */
export function listenToKeys(acts: Acts): void {
  addEventListener('keydown', (event) => {
    if (isComposing(event)) return
    const isField = event.target instanceof Element && event.target.closest('input, textarea, select') !== null
    const chord = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.key}`
    const act = actOf(acts, chord, isField, event.target)
    if (!act) return
    event.preventDefault()
    act()
  })
}

function actOf(acts: Acts, chord: string, isField: boolean, target: EventTarget | null): (() => void) | undefined {
  switch (chord) {
    case 'Ctrl+k':
      return () => {
        isListOpen.value = true
        requestAnimationFrame(() => document.querySelector<HTMLElement>('#search')?.focus())
      }
    case 'Ctrl+Shift+O':
      return () => acts.chats.begin()
    case 'Ctrl+,':
      return () => void (panel.value = 'settings')
    case 'Ctrl+Shift+M':
      return () => void (panel.value = 'models')
    case 'Ctrl+Shift+C':
      return () => void copied(acts.chats.path.value.findLast(({ role }) => role === 'assistant')?.text ?? '')
    case 'Ctrl+Shift+;':
    case 'Ctrl+Shift+:':
      return () => void copied([...document.querySelectorAll('.log .code code')].at(-1)?.textContent ?? '')
    case 'F6':
      return nextRegion
    case 'Escape':
      return panel.value ? undefined : () => escape(acts)
    case 'ArrowUp':
      return target instanceof HTMLTextAreaElement && target.id === 'message' && target.value === ''
        ? editLast
        : undefined
    case '?':
    case 'Shift+?':
      return isField ? undefined : () => void (panel.value = 'keys')
    default:
      return undefined
  }
}

/** Closes what is open, else stops, else goes to the field. */
function escape(acts: Acts): void {
  if (isListOpen.value && matchMedia('(max-width: 60rem)').matches) isListOpen.value = false
  else if (acts.chats.isBusy.value) acts.stop()
  else document.querySelector<HTMLElement>('#message')?.focus()
}

function editLast(): void {
  const edit = [...document.querySelectorAll('.message.user')].at(-1)?.querySelector<HTMLElement>('.edit-message')
  edit?.click()
}

const REGIONS = ['#message', '.log', '#search']

function nextRegion(): void {
  const at = REGIONS.findIndex((region) => document.activeElement?.closest(region))
  const seen = (region: string): HTMLElement | undefined =>
    [...document.querySelectorAll<HTMLElement>(region)].find((element) => element.checkVisibility())
  for (let step = 1; step <= REGIONS.length; step++) {
    const next = seen(REGIONS[(at + step) % REGIONS.length]!)
    if (next) return next.focus()
  }
}
