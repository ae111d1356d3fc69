import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { Panel } from '../page/panel.js'
import { NUMBERS, type NumberField } from '../storage/numbers.js'
import type { Settings } from '../storage/types.js'
import { language, words } from '../text/words.js'
import { explained, type SettingName } from './explain.js'

type TextName = 'system' | 'schema' | 'tools'

/** How the answers of this conversation are made. */
export function SettingsPanel(): JSX.Element {
  const { chats, desk } = useActs()
  const { settings } = chats.current.value
  const set = (change: Partial<Settings>): void => void chats.change({ settings: { ...settings, ...change } })
  const text = (name: TextName): JSX.Element => (
    <TextSetting name={name} value={settings[name] ?? ''} onChange={(value) => set({ [name]: value || undefined })} />
  )
  return (
    <Panel name="settings" title={words.value.settingsOf}>
      {text('system')}
      {NUMBERS.map((field) => (
        <NumberSetting
          key={field.name}
          field={field}
          value={settings[field.name]}
          onChange={(value) => set({ [field.name]: value })}
        />
      ))}
      {text('schema')}
      {text('tools')}
      {desk.place.kind === 'worker' && (
        <Precision value={settings.precision ?? 'fast'} onChange={(precision) => set({ precision })} />
      )}
    </Panel>
  )
}

function wordsOf(name: Exclude<SettingName, 'thinking'>): { label: string; does: string } {
  return explained[language.value][name]
}

interface TextProps {
  readonly name: TextName
  readonly value: string
  readonly onChange: (value: string) => void
}

function TextSetting({ name, value, onChange }: TextProps): JSX.Element {
  const { label, does } = wordsOf(name)
  const wrong = name === 'system' ? undefined : problemOf(value)
  return (
    <div class="setting">
      <label for={`set-${name}`}>{label}</label>
      <p id={`does-${name}`} class="muted">
        {does}
      </p>
      <textarea
        id={`set-${name}`}
        rows={name === 'system' ? 4 : 3}
        dir="auto"
        spellcheck={name === 'system'}
        class={name === 'system' ? '' : 'mono'}
        aria-describedby={`does-${name}`}
        aria-invalid={wrong !== undefined}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {wrong !== undefined && <p class="wrong">{wrong}</p>}
    </div>
  )
}

function problemOf(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

interface NumberProps {
  readonly field: NumberField
  readonly value: number | undefined
  readonly onChange: (value: number | undefined) => void
}

function NumberSetting({ field, value, onChange }: NumberProps): JSX.Element {
  const { name, min, max, step } = field
  const { label, does } = wordsOf(name)
  return (
    <div class="setting row-setting">
      <label for={`set-${name}`}>{label}</label>
      <input
        id={`set-${name}`}
        type="number"
        min={min}
        {...(max !== undefined && { max })}
        step={step}
        placeholder={words.value.modelDefault}
        aria-describedby={`does-${name}`}
        value={value ?? ''}
        onChange={(event) => {
          const given = event.currentTarget.valueAsNumber
          onChange(Number.isNaN(given) ? undefined : Math.max(min, Math.min(max ?? Infinity, given)))
        }}
      />
      <p id={`does-${name}`} class="muted">
        {does}
      </p>
    </div>
  )
}

function Precision(props: { value: 'fast' | 'exact'; onChange: (value: 'fast' | 'exact') => void }): JSX.Element {
  const { label, does } = wordsOf('precision')
  return (
    <div class="setting row-setting">
      <label for="set-precision">{label}</label>
      <select
        id="set-precision"
        aria-describedby="does-precision"
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value === 'exact' ? 'exact' : 'fast')}
      >
        <option value="fast">fast</option>
        <option value="exact">exact</option>
      </select>
      <p id="does-precision" class="muted">
        {does}
      </p>
    </div>
  )
}
