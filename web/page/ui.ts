import { signal } from '@preact/signals'

export type PanelName = 'settings' | 'models' | 'keys'
export type Theme = 'system' | 'light' | 'dark'

/** What is open next to the conversation. */
export const panel = signal<PanelName | undefined>(undefined)
/** On narrow screens the list is over the conversation. */
export const isListOpen = signal(false)
export const theme = signal<Theme>('system')

/** A short message, with something that can be done about it. */
export interface Toast {
  readonly text: string
  readonly action?: { readonly label: string; readonly run: () => void }
}
export const toast = signal<Toast | undefined>(undefined)
/** What a screen reader is told, once each. */
export const status = signal('')

const TOAST_MS = 10_000
let timer = 0

export function say(text: string, action?: Toast['action']): void {
  toast.value = action ? { text, action } : { text }
  clearTimeout(timer)
  timer = window.setTimeout(() => (toast.value = undefined), action ? TOAST_MS : TOAST_MS / 3)
}

/** Light and dark follow the system unless the person chose; kept where the page's first script finds it. */
export function setTheme(next: Theme): void {
  theme.value = next
  if (next === 'system') {
    delete document.documentElement.dataset['theme']
    localStorage.removeItem('kaiyuan-theme')
  } else {
    document.documentElement.dataset['theme'] = next
    localStorage.setItem('kaiyuan-theme', next)
  }
}

export function savedTheme(): Theme {
  const saved = document.documentElement.dataset['theme']
  return saved === 'light' || saved === 'dark' ? saved : 'system'
}
