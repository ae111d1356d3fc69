import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { words } from '../text/words.js'
import { IconButton } from './icons.js'
import { panel, type PanelName } from './ui.js'

interface PanelProps {
  readonly name: PanelName
  readonly title: string
  readonly children: ComponentChildren
}

/** A dialog over the edge of the page; the focus goes back to what opened it. */
export function Panel({ name, title, children }: PanelProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const opener = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])
  const close = (): void => {
    // The browser tells of the end later: by then another one may be open.
    if (panel.value === name) panel.value = undefined
  }
  return (
    <dialog
      ref={dialog}
      class="panel"
      aria-labelledby="panel-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="panel-inside">
        <header>
          <h2 id="panel-title">{title}</h2>
          <IconButton icon="close" label={words.value.close} onClick={close} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
