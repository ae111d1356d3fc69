import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { CatalogueModel } from '../../src/store/names/catalogue.js'
import { useActs } from '../acts/context.js'
import { copied } from '../page/clipboard.js'
import { bytes, words } from '../text/words.js'
import { keepStorage, useAdding } from './add.js'
import { fitOf, roomHere, type Fit, type Room } from './fit.js'

/** So many are shown until all are asked for. */
const FIRST = 5

interface Offered {
  readonly model: CatalogueModel
  /** As the store of the page writes it. */
  readonly name: string
  readonly fit: Fit
}

/** What there is to have: of the page, with what fits; of a server, with the command that serves it. */
export function Catalogue(): JSX.Element | null {
  const { desk } = useActs()
  const isPage = desk.place.store !== undefined
  const offers = useSignal<readonly Offered[]>([])
  const isWhole = useSignal(false)
  const present = desk.entries.value.map(({ name }) => name)
  useEffect(() => {
    void offersOf(isPage).then((all) => (offers.value = all))
  }, [])
  const w = words.value
  const open = offers.value.filter(({ name }) => !present.includes(name) && !desk.pulls.value.has(name))
  if (open.length === 0) return null
  const shown = isWhole.value ? open : open.slice(0, FIRST)
  return (
    <section class="catalogue">
      <h3>{w.catalogue}</h3>
      <p class="muted">{isPage ? w.catalogueNote : w.catalogueServed}</p>
      <ul class="offers">
        {shown.map((offer) => (
          <Offer key={offer.name} offer={offer} isPage={isPage} />
        ))}
      </ul>
      {shown.length < open.length && (
        <button type="button" class="more" onClick={() => (isWhole.value = true)}>
          {w.showAll(open.length)}
        </button>
      )}
    </section>
  )
}

function Offer({ offer, isPage }: { offer: Offered; isPage: boolean }): JSX.Element {
  const { desk } = useActs()
  const add = useAdding()
  const { model, name, fit } = offer
  const w = words.value
  const facts = [
    bytes(model.bytes),
    ...(isPage ? [] : [w.memoryOf(bytes(model.memoryBytes))]),
    ...(model.reasoning === 'no' ? [] : [w.thinks]),
    ...(model.tools ? [w.hasTools] : []),
    model.licence,
  ]
  const command = `kaiyuan serve ${model.name}`
  return (
    <li>
      <div>
        <strong>{model.title}</strong>
        <span class="muted">{facts.join(' · ')}</span>
        {isPage ? <FitLine fit={fit} /> : <code class="command">{command}</code>}
      </div>
      {isPage ? (
        <button
          type="button"
          aria-label={`${w.download}: ${model.title}`}
          onClick={() => {
            keepStorage()
            void add(desk.pull(name))
          }}
        >
          {w.download}
        </button>
      ) : (
        <button type="button" aria-label={`${w.copy}: ${command}`} onClick={() => void copied(command)}>
          {w.copy}
        </button>
      )}
    </li>
  )
}

function FitLine({ fit }: { fit: Fit }): JSX.Element {
  const w = words.value
  if (fit.kind === 'fits') return <span class="fit fits">{w.fitsHere}</span>
  const needs = bytes(fit.needs)
  if (fit.kind === 'perhaps') return <span class="fit">{w.fitsPerhaps(needs)}</span>
  const says = fit.kind === 'storage' ? w.noStorage : w.noMemory
  return <span class="fit not">{says(needs, bytes(fit.has))}</span>
}

/** What fits comes first, the smaller first; a page gets what a hub has as one GGUF, to whose repository everybody may go. */
async function offersOf(isPage: boolean): Promise<readonly Offered[]> {
  const [{ catalogue }, room] = await Promise.all([import('../../src/store/names/catalogue.js'), roomHere()])
  const offers = catalogue()
    .filter(({ gguf }) => !isPage || gguf !== undefined)
    .map((model) => ({ model, name: nameOf(model), fit: fitHere(model, room, isPage) }))
  const rank = ({ fit, model }: Offered): number => RANKS[fit.kind] + (isPage || model.tier === 'first' ? 0 : 0.5)
  return offers.sort((a, b) => rank(a) - rank(b) || a.model.bytes - b.model.bytes)
}

const RANKS = { fits: 0, perhaps: 1, storage: 2, memory: 2 }

function fitHere(model: CatalogueModel, room: Room, isPage: boolean): Fit {
  return isPage ? fitOf(model, room) : { kind: 'fits' }
}

function nameOf({ gguf, repository }: CatalogueModel): string {
  return gguf ? `${gguf.repository}:${gguf.quant}` : repository
}
