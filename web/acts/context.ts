import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Acts } from './acts.js'

/** What all parts of the page work with. */
export const ActsContext = createContext<Acts | undefined>(undefined)

export function useActs(): Acts {
  const acts = useContext(ActsContext)
  if (!acts) throw new Error('a part of the page stands outside of it')
  return acts
}
