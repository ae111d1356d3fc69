import { signal } from '@preact/signals'
import { en, type Words } from './en.js'

export type Language = 'en' | 'zh'

export const language = signal<Language>('en')
/** The texts in the language that is shown. */
export const words = signal<Words>(en)

/** The second language is a file of its own, which only its readers load. */
export async function speak(next: Language): Promise<void> {
  words.value = next === 'zh' ? (await import('./zh.js')).zh : en
  language.value = next
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
}

/** The browser's. */
export function preferredLanguage(): Language {
  return navigator.languages
    .find((tag) => /^(zh|en)\b/i.test(tag))
    ?.slice(0, 2)
    .toLowerCase() === 'zh'
    ? 'zh'
    : 'en'
}

/** A number as the language writes it. */
export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value)
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)))
  return `${number(value / 1000 ** at, at > 2 ? 1 : 0)} ${units[at]!}`
}
