import type { JSX, TargetedMouseEvent } from 'preact'

/** Lines on a grid of 24, drawn for this page. */
const PATHS = {
  plus: 'M12 5v14M5 12h14',
  menu: 'M4 7h16M4 12h16M4 17h16',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M8 8h8v8H8z',
  clip: 'M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.2 4.2l-7.7 7.7a1.5 1.5 0 0 1-2.1-2.1L14 7.4',
  copy: 'M9 9h10v11H9zM6 15H5V4h10v2',
  again: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  branch:
    'M7 8v8M7 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 8c0 4-5 4-9.5 8',
  exchange: 'M8 20V5M4 9l4-4 4 4M16 4v15M12 15l4 4 4-4',
  bin: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  left: 'M14 6l-6 6 6 6',
  right: 'M10 6l6 6-6 6',
  down: 'M6 10l6 6 6-6',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  close: 'M6 6l12 12M18 6L6 18',
  sliders: 'M4 8h9M17 8h3M4 16h3M11 16h9M15 6v4M9 14v4',
  box: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  key: 'M4 7h16v10H4zM7 10h.01M11 10h.01M15 10h.01M8 14h8',
  play: 'M8 5l11 7-11 7z',
  columns: 'M4 5h16v14H4zM12 5v14',
  thought: 'M12 4a6 6 0 0 0-3 11v2h6v-2a6 6 0 0 0-3-11zM10 20h4',
  file: 'M7 4h7l4 4v12H7zM14 4v4h4',
  tool: 'M14 7a4 4 0 0 1 5-3l-2.5 2.5 1 2 2 1L22 7a4 4 0 0 1-6 4l-8 8-3-3 8-8',
}

export type IconName = keyof typeof PATHS

/** A picture that says nothing to screen readers: what it is on has words. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

export interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  readonly onClick: (event: TargetedMouseEvent<HTMLButtonElement>) => void
  readonly class?: string
  readonly pressed?: boolean
  readonly disabled?: boolean
  /** Shown after the picture. */
  readonly text?: string
}

export function IconButton({ icon, label, onClick, pressed, disabled, text, ...rest }: IconButtonProps): JSX.Element {
  const spoken = text === undefined ? { 'aria-label': label } : {}
  return (
    <button
      type="button"
      class={`tool ${rest.class ?? ''}`}
      title={label}
      {...spoken}
      {...(pressed !== undefined && { 'aria-pressed': pressed })}
      {...(disabled !== undefined && { disabled })}
      onClick={onClick}
    >
      <Icon name={icon} />
      {text !== undefined && <span>{text}</span>}
    </button>
  )
}
