import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ModelEntry } from '../engine/line.js'
import type { Pull } from '../storage/models/download.js'
import { useActs } from '../acts/context.js'
import { IconButton } from '../page/icons.js'
import { Panel } from '../page/panel.js'
import { say } from '../page/ui.js'
import { bytes, number, words } from '../text/words.js'
import { AddModel } from './add.js'
import { Catalogue } from './catalogue.js'

/** Which models there are, which is asked, and how more get here. */
export function ModelsPanel(): JSX.Element {
  const acts = useActs()
  const { desk, chats } = acts
  const w = words.value
  useEffect(() => void desk.refresh(), [])
  const { store } = desk.place
  return (
    <Panel name="models" title={w.models}>
      <ul class="models">
        {desk.entries.value
          .filter(({ state }) => state === 'partial')
          .map((entry) => (
            <Partial key={entry.name} entry={entry} />
          ))}
        {[...desk.pulls.value].map(([name, { pull, loaded, total }]) => (
          <Running key={name} name={name} pull={pull} loaded={loaded} total={total} />
        ))}
        {desk.entries.value
          .filter(({ state }) => state !== 'partial')
          .map((entry) => (
            <Model
              key={entry.name}
              entry={entry}
              isUsed={acts.model === entry.name}
              isOpen={desk.isOpen(entry.name)}
              onUse={() => void chats.change({ model: entry.name })}
              onUnload={() => void desk.close(entry.name)}
              onRemove={() => void store?.remove(entry.name).then(() => desk.refresh())}
              canUnload={desk.place.kind === 'worker'}
            />
          ))}
      </ul>
      <Loading />
      {store && <AddModel store={store} />}
      <Catalogue />
      {store && <Used />}
      <p class="muted">{w.privateNote}</p>
    </Panel>
  )
}

interface ModelProps {
  readonly entry: ModelEntry
  readonly isUsed: boolean
  readonly isOpen: boolean
  readonly canUnload: boolean
  readonly onUse: () => void
  readonly onUnload: () => void
  readonly onRemove: () => void
}

function Model({ entry, isUsed, isOpen, canUnload, ...on }: ModelProps): JSX.Element {
  const w = words.value
  const isBuiltIn = canUnload && entry.isRemovable !== true
  const facts = [
    isBuiltIn ? w.builtIn : undefined,
    entry.state === 'loading' ? w.loading : isOpen || entry.state === 'ready' ? w.ready : undefined,
    entry.contextLength === undefined ? undefined : w.contextOf(number(entry.contextLength)),
    entry.bytes === undefined ? undefined : bytes(entry.bytes),
  ].filter((fact) => fact !== undefined)
  return (
    <li aria-current={isUsed}>
      <div>
        <strong>{entry.name}</strong>
        <span class="muted">{facts.join(' · ')}</span>
      </div>
      {isUsed ? (
        <span class="used">{w.inUse}</span>
      ) : (
        <button type="button" onClick={on.onUse}>
          {w.use}
        </button>
      )}
      {canUnload && isOpen && (
        <button type="button" onClick={on.onUnload}>
          {w.unload}
        </button>
      )}
      {entry.isRemovable && <IconButton icon="bin" label={`${w.delete}: ${entry.name}`} onClick={on.onRemove} />}
    </li>
  )
}

/** Of what is fetched by its name, all of it is known when the hub has said so. */
function progressText(loaded: number, total: number): string {
  return total > 0 ? words.value.loadedOf(bytes(loaded), bytes(total)) : bytes(loaded)
}

/** A download that runs. */
function Running(props: { name: string; pull: Pull; loaded: number; total: number }): JSX.Element {
  const { name, pull, loaded, total } = props
  const w = words.value
  const label = w.downloading(name)
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <progress aria-label={label} {...(total > 0 && { value: loaded, max: total })} />
        <span class="muted">{progressText(loaded, total)}</span>
      </div>
      <button type="button" onClick={() => pull.pause()}>
        {w.pause}
      </button>
    </li>
  )
}

/** A download that was paused, or cut off. */
function Partial({ entry }: { entry: ModelEntry }): JSX.Element | null {
  const { desk } = useActs()
  const w = words.value
  const { name, source, bytes: loaded = 0 } = entry
  if (!source || desk.pulls.value.has(name)) return null
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <span class="muted">{progressText(loaded, source.total)}</span>
      </div>
      <button
        type="button"
        onClick={() => void desk.pull(source.address).catch((error: unknown) => say(String(error)))}
      >
        {w.resume}
      </button>
      <IconButton
        icon="bin"
        label={`${w.delete}: ${name}`}
        onClick={() => void desk.place.store?.remove(name).then(() => desk.refresh())}
      />
    </li>
  )
}

/** How far the loading is. */
function Loading(): JSX.Element | null {
  const { loading } = useActs().desk
  if (!loading.value) return null
  const { name, progress } = loading.value
  const label = words.value.loadingModel(name)
  return (
    <p class="progress">
      <span>{label}</span>
      <progress aria-label={label} {...(progress && { value: progress.loadedBytes, max: progress.totalBytes })} />
    </p>
  )
}

/** What this page keeps in the browser. */
function Used(): JSX.Element | null {
  const used = useSignal<{ usage: number; quota: number } | undefined>(undefined)
  useEffect(() => {
    const { storage } = navigator as { storage?: StorageManager }
    void storage?.estimate().then(({ usage = 0, quota = 0 }) => (used.value = { usage, quota }))
  }, [])
  if (!used.value) return null
  const { usage, quota } = used.value
  return <p class="muted">{words.value.storageUsed(bytes(usage), bytes(quota))}</p>
}
