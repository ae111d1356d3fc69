import type * as Undici from 'undici'

/** The package, by a name that bundlers for browsers do not follow. @throws where it is not, as in pages */
export async function loadUndici(): Promise<typeof Undici> {
  const name = 'undici'
  return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as typeof Undici
}
