import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { copied } from '../page/clipboard.js'
import { useActs } from '../acts/context.js'
import { Icon, IconButton } from '../page/icons.js'
import { say } from '../page/ui.js'
import type { Message } from '../storage/types.js'
import { number, words } from '../text/words.js'
import { Body } from './body.js'
import { CallCard } from './call.js'
import { Editor } from './editor.js'
import { FullPanel } from './full.js'
import { Reasoning } from './reasoning.js'
import type { Running } from '../acts/running.js'
import { versionsOf } from '../acts/tree.js'

/** One message: who says it, what, and what can be done with it. */
export function MessageView({ message, isLast }: { message: Message; isLast: boolean }): JSX.Element {
  const acts = useActs()
  const isEdited = useSignal(false)
  const running = acts.chats.running.value.get(message.id)
  const w = words.value
  const who = message.role === 'user' ? w.you : message.role === 'tool' ? w.tool : (message.model ?? w.model)
  return (
    <article class={`message ${message.role}`} data-id={message.id} tabIndex={-1}>
      <header>
        <h2>{who}</h2>
        {message.edited && <span class="muted">{w.edited}</span>}
        <Versions message={message} />
      </header>
      {isEdited.value ? (
        <Editor message={message} onClose={() => (isEdited.value = false)} />
      ) : message.role === 'assistant' ? (
        <Answer message={message} running={running} isLast={isLast} />
      ) : (
        <Question message={message} />
      )}
      {!isEdited.value && !running && message.state !== 'answering' && (
        <Actions message={message} onEdit={() => (isEdited.value = true)} />
      )}
    </article>
  )
}

function Question({ message }: { message: Message }): JSX.Element {
  return (
    <div class="said">
      {message.files && message.files.length > 0 && (
        <ul class="files">
          {message.files.map((file) => (
            <li key={file.name}>
              <details>
                <summary>
                  <Icon name="file" />
                  {file.name}
                  {file.tokens !== undefined && <span class="muted">{words.value.tokens(number(file.tokens))}</span>}
                </summary>
                <pre tabIndex={0}>{file.text}</pre>
              </details>
            </li>
          ))}
        </ul>
      )}
      <p dir="auto">{message.text}</p>
    </div>
  )
}

export function Answer(props: { message: Message; running?: Running | undefined; isLast: boolean }): JSX.Element {
  const { message, running, isLast } = props
  const calls = running?.calls.value ?? message.calls ?? []
  return (
    <>
      <Reasoning message={message} running={running} />
      {running?.phase.value === 'reading' && running.text === '' && <Reading />}
      {!running && message.state === 'answering' && message.text === '' && <Reading />}
      <Body text={message.text} of="text" running={running} />
      {calls.map((call) => (
        <CallCard key={call.id} call={call} message={message} isOpen={isLast && !running} />
      ))}
      <Ended message={message} />
      <Counts message={message} running={running} />
    </>
  )
}

function Reading(): JSX.Element {
  const { loading } = useActs().desk
  const w = words.value
  return (
    <p class="reading muted">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {loading.value ? w.loadingModel(loading.value.name) : w.reading}
    </p>
  )
}

/** Why an answer ended before its end, and the way on. */
function Ended({ message }: { message: Message }): JSX.Element | null {
  const acts = useActs()
  const w = words.value
  if (message.state !== 'cut' && message.state !== 'failed') return null
  if (message.full) return <FullPanel message={message} full={message.full} />
  const why =
    message.state === 'failed'
      ? w.failed(message.reason ?? '')
      : message.reason === 'length'
        ? w.cutLength
        : message.reason === 'lost'
          ? w.cutLost
          : w.cutStopped
  return (
    <p class={message.state === 'failed' ? 'ended failed' : 'ended'}>
      <span>{why}</span>
      {message.text !== '' && (
        <button type="button" onClick={() => void acts.continue(message)}>
          <Icon name="play" />
          {w.continue}
        </button>
      )}
      {message.text === '' && (
        <button type="button" onClick={() => void acts.retry(message)}>
          <Icon name="again" />
          {w.tryAgain}
        </button>
      )}
    </p>
  )
}

function Counts({ message, running }: { message: Message; running?: Running | undefined }): JSX.Element | null {
  const w = words.value
  if (running) {
    const seconds = running.seconds.value
    const pieces = running.pieces.value
    if (seconds === 0) return null
    const counted = [w.speed(number(pieces / seconds, 1)), w.tokens(number(pieces)), w.seconds(number(seconds))]
    return <p class="counts">{counted.join(' · ')}</p>
  }
  const { tokens, tokensPerSecond, promptTokens, contextLength } = message.recipe ?? {}
  if (tokens === undefined || message.state === 'answering') return null
  const used = (promptTokens ?? 0) + tokens
  const parts = [
    ...(tokensPerSecond ? [w.speed(number(tokensPerSecond, tokensPerSecond < 10 ? 1 : 0))] : []),
    w.tokens(number(tokens)),
    ...(contextLength ? [w.context(number(used), number(contextLength))] : []),
  ]
  return <p class="counts">{parts.join(' · ')}</p>
}

function Versions({ message }: { message: Message }): JSX.Element | null {
  const acts = useActs()
  const versions = versionsOf(acts.chats.messages.value, message)
  if (versions.length < 2) return null
  const at = versions.findIndex(({ id }) => id === message.id)
  const w = words.value
  const go = (step: number): void => {
    const next = versions[at + step]
    if (next) void acts.choose(next)
  }
  return (
    <span class="versions">
      <IconButton icon="left" label={w.previous} disabled={at === 0} onClick={() => go(-1)} />
      <span>{w.version(at + 1, versions.length)}</span>
      <IconButton icon="right" label={w.next} disabled={at === versions.length - 1} onClick={() => go(1)} />
    </span>
  )
}

function Actions({ message, onEdit }: { message: Message; onEdit: () => void }): JSX.Element {
  const acts = useActs()
  const w = words.value
  const remove = async (): Promise<void> => {
    const gone = await acts.remove(message)
    say(w.deleted, { label: w.undo, run: () => void acts.chats.put(...gone) })
  }
  const isAnswer = message.role === 'assistant'
  return (
    <div class="actions">
      <IconButton icon="copy" label={w.copy} onClick={() => void copied(message.text)} />
      {isAnswer && <IconButton icon="again" label={w.again} onClick={() => void acts.again(message)} />}
      {isAnswer && message.text !== '' && message.state === 'done' && (
        <IconButton icon="play" label={w.continue} onClick={() => void acts.continue(message)} />
      )}
      <IconButton icon="edit" label={w.edit} class="edit-message" onClick={onEdit} />
      <IconButton icon="branch" label={w.branch} onClick={() => void acts.branch(message)} />
      <IconButton icon="bin" label={w.delete} onClick={() => void remove()} />
    </div>
  )
}
