import { useSignal, type Signal } from '@preact/signals'
import type { JSX, TargetedClipboardEvent, TargetedKeyboardEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useActs } from '../acts/context.js'
import { Icon, IconButton } from '../page/icons.js'
import { say } from '../page/ui.js'
import type { Attachment } from '../storage/types.js'
import { number, words } from '../text/words.js'
import type { Lane } from '../acts/acts.js'
import { NotAttached, attachmentOf } from './attach.js'
import { Gauge } from './gauge.js'
import { compositionEnded, isComposing } from '../page/composing.js'
import { droppedFiles, isModel } from '../models/drop.js'
import { LanePicker } from './lanes.js'

/** Pasted text that is longer becomes a file. */
const LONG_PASTE = { characters: 2000, lines: 40 }
const DRAFT_MS = 300

/** Where a question is written. */
export function Composer(): JSX.Element {
  const acts = useActs()
  const { chats, desk } = acts
  const text = useSignal('')
  const files = useSignal<readonly Attachment[]>([])
  const lanes = useSignal<readonly Lane[] | undefined>(undefined)
  const field = useRef<HTMLTextAreaElement>(null)
  const { id, settings } = chats.current.value
  const isRunning = chats.isBusy.value
  const w = words.value
  useDraft(id, text, files)
  useDrop((dropped) => void attach(dropped))
  useEffect(() => field.current?.focus(), [id])

  const send = async (): Promise<void> => {
    const question = text.value
    if ((question.trim() === '' && files.value.length === 0) || isRunning || acts.model === undefined) return
    const [asked, attached] = [question, files.value]
    text.value = ''
    files.value = []
    await acts.send(asked, attached, lanes.value)
  }
  const attach = (chosen: readonly File[]): Promise<void> => attachAll(chosen, files, acts.model, desk)

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    if (isComposing(event) || event.key !== 'Enter') return
    const isCoarse = matchMedia('(pointer: coarse)').matches
    if (!(event.ctrlKey || event.metaKey) && (event.shiftKey || isCoarse)) return
    event.preventDefault()
    void send()
  }
  const onPaste = (event: TargetedClipboardEvent<HTMLTextAreaElement>): void => {
    const { clipboardData } = event
    if (!clipboardData) return
    const pasted = clipboardData.getData('text/plain')
    if (clipboardData.files.length > 0) {
      event.preventDefault()
      void attach([...clipboardData.files])
    } else if (pasted.length > LONG_PASTE.characters || pasted.split('\n').length > LONG_PASTE.lines) {
      event.preventDefault()
      void attach([new File([pasted], w.pasted, { type: 'text/plain' })])
    }
  }
  return (
    <form
      class="composer"
      aria-label={w.messageField}
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {lanes.value && <LanePicker lanes={lanes.value} onChange={(next) => (lanes.value = next)} />}
      <Files files={files} />
      <textarea
        ref={field}
        id="message"
        dir="auto"
        rows={1}
        aria-label={w.messageField}
        placeholder={w.placeholder}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onCompositionEnd={compositionEnded}
        onPaste={onPaste}
      />
      <div class="bar">
        <label class="tool" title={w.attach}>
          <Icon name="clip" />
          <input
            type="file"
            multiple
            class="offscreen"
            aria-label={w.attach}
            onChange={(event) => {
              void attach([...(event.currentTarget.files ?? [])])
              event.currentTarget.value = ''
            }}
          />
        </label>
        <ThinkSwitch />
        <IconButton
          icon="columns"
          label={w.compareWith}
          text={w.compare}
          pressed={lanes.value !== undefined}
          onClick={() => (lanes.value = lanes.value ? undefined : twoLanes(acts.model, settings))}
        />
        <Gauge text={text} files={files} />
        {isRunning ? (
          <button type="button" class="go stop" onClick={() => acts.stop()} aria-label={w.stop} title={w.stop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            class="go"
            aria-label={w.send}
            title={w.send}
            disabled={text.value.trim() === '' && files.value.length === 0}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  )
}

function twoLanes(model: string | undefined, settings: Lane['settings']): readonly Lane[] | undefined {
  if (model === undefined) return undefined
  return [
    { model, settings: { ...settings, temperature: settings.temperature ?? 0 } },
    { model, settings: { ...settings, temperature: 1 } },
  ]
}

/** Only for models whose template asks. */
function ThinkSwitch(): JSX.Element | null {
  const { chats, desk, model } = useActs()
  const { settings } = chats.current.value
  const template = model === undefined ? undefined : desk.contexts.value.get(model)?.info.chatTemplate
  if (!template?.includes('enable_thinking')) return null
  const isOn = settings.thinking ?? true
  const w = words.value
  return (
    <IconButton
      icon="thought"
      label={isOn ? w.thinkOn : w.thinkOff}
      text={w.think}
      pressed={isOn}
      onClick={() => void chats.change({ settings: { ...settings, thinking: !isOn } })}
    />
  )
}

function Files({ files }: { files: Signal<readonly Attachment[]> }): JSX.Element | null {
  if (files.value.length === 0) return null
  const w = words.value
  return (
    <ul class="files">
      {files.value.map((file) => (
        <li key={file.name}>
          <Icon name="file" />
          <span>{file.name}</span>
          {file.tokens !== undefined && <span class="muted">{w.tokens(number(file.tokens))}</span>}
          <IconButton
            icon="close"
            label={w.remove(file.name)}
            onClick={() => (files.value = files.value.filter((other) => other !== file))}
          />
        </li>
      ))}
    </ul>
  )
}

async function attachAll(
  chosen: readonly File[],
  files: Signal<readonly Attachment[]>,
  model: string | undefined,
  desk: ReturnType<typeof useActs>['desk'],
): Promise<void> {
  for (const file of chosen) {
    try {
      const attachment = await attachmentOf(file)
      files.value = [...files.value, attachment]
      if (model === undefined) continue
      const tokens = await (await desk.engine(model)).count(attachment.text)
      files.value = files.value.map((other) => (other === attachment ? { ...attachment, tokens } : other))
    } catch (error) {
      say(error instanceof NotAttached ? error.message : words.value.fileRefused(file.name, String(error)))
    }
  }
}

/** Files that are dropped anywhere on the page: a model is added to the models, all else to the question. */
function useDrop(attach: (files: readonly File[]) => void): void {
  const { desk, chats } = useActs()
  const latest = useRef(attach)
  latest.current = attach
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault()
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      if (!event.dataTransfer) return
      void droppedFiles(event.dataTransfer).then((files) => {
        const adding = isModel(files) ? desk.add(files) : undefined
        if (!adding) return latest.current(files)
        adding.then(
          (model) => void chats.change({ model }),
          (error: unknown) => say(error instanceof Error ? error.message : String(error)),
        )
      })
    }
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
    }
  }, [])
}

/** What is written and not sent is kept for each conversation. */
function useDraft(id: string, text: Signal<string>, files: Signal<readonly Attachment[]>): void {
  const { store, drafted } = useActs().chats
  const of = useRef(id)
  useEffect(() => {
    of.current = id
    text.value = ''
    files.value = []
    void store.draft(id).then((draft) => {
      if (of.current === id && text.value === '') text.value = draft
    })
  }, [id, drafted.value])
  useEffect(() => {
    const timer = setTimeout(() => void store.putDraft(of.current, text.value), DRAFT_MS)
    return () => clearTimeout(timer)
  }, [text.value])
}
