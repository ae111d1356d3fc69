import { useComputed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useActs } from '../acts/context.js'
import { Icon, IconButton } from '../page/icons.js'
import { isListOpen, panel, say, setTheme, theme, type Theme } from '../page/ui.js'
import type { Conversation, Message } from '../storage/types.js'
import { ExchangeButtons } from './exchange-buttons.js'
import { language, speak, words } from '../text/words.js'
import { isComposing } from '../page/composing.js'

const THEMES: readonly Theme[] = ['system', 'light', 'dark']

/** The conversations of this browser, and what is about the page as a whole. */
export function ConversationList(): JSX.Element {
  const acts = useActs()
  const { chats } = acts
  const query = useSignal('')
  const w = words.value
  const found = useFound(query.value)
  return (
    <nav class={isListOpen.value ? 'list open' : 'list'} aria-label={w.conversations}>
      <header>
        <strong class="brand">{w.name}</strong>
        <IconButton
          icon="plus"
          label={w.newConversation}
          onClick={() => {
            chats.begin()
            isListOpen.value = false
          }}
        />
        <IconButton icon="close" class="close-list" label={w.close} onClick={() => (isListOpen.value = false)} />
      </header>
      <label class="search">
        <Icon name="search" />
        <input
          id="search"
          type="search"
          aria-label={w.search}
          placeholder={w.search}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </label>
      <div class="rows">
        {groups(found, w).map(([name, conversations]) => (
          <section key={name}>
            <h2>{name}</h2>
            <ul>
              {conversations.map((conversation) => (
                <Row key={conversation.id} conversation={conversation} />
              ))}
            </ul>
          </section>
        ))}
        {found.length === 0 && <p class="muted">{query.value === '' ? w.noConversations : w.nothingFound}</p>}
      </div>
      <footer>
        <IconButton icon="box" label={w.models} text={w.models} onClick={() => (panel.value = 'models')} />
        <ExchangeButtons />
        <div class="row">
          <IconButton icon="key" label={w.keys} onClick={() => (panel.value = 'keys')} />
          <IconButton icon="sun" label={w.themeOf[theme.value]} onClick={nextTheme} />
          <button
            type="button"
            class="tool"
            title={w.languageLabel}
            lang={language.value === 'en' ? 'zh' : 'en'}
            onClick={changeLanguage(acts.chats.store)}
          >
            {w.language}
          </button>
        </div>
      </footer>
    </nav>
  )
}

function nextTheme(): void {
  setTheme(THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!)
}

function changeLanguage(store: { putSetting(name: string, value: unknown): Promise<void> }): () => void {
  return () => {
    const next = language.value === 'en' ? 'zh' : 'en'
    void speak(next)
    void store.putSetting('language', next)
  }
}

/** By title, and by what was said. */
function useFound(query: string): readonly Conversation[] {
  const { chats } = useActs()
  const said = useSignal<ReadonlySet<string>>(new Set())
  const wanted = query.trim().toLowerCase()
  useEffect(() => {
    if (wanted === '') return undefined
    let isWanted = true
    void saying(chats.store, chats.all.value, wanted, (ids) => isWanted && (said.value = ids))
    return () => (isWanted = false) as unknown as undefined
  }, [wanted, chats.all.value])
  const all = useComputed(() => chats.all.value)
  if (wanted === '') return all.value
  return all.value.filter(({ id, title }) => title.toLowerCase().includes(wanted) || said.value.has(id))
}

/** Looks through what was said, conversation by conversation, the newest first. */
async function saying(
  store: { messagesOf(id: string): Promise<Message[]> },
  all: readonly Conversation[],
  wanted: string,
  found: (ids: ReadonlySet<string>) => void,
): Promise<void> {
  const ids = new Set<string>()
  for (const { id } of all) {
    const messages = await store.messagesOf(id)
    if (messages.some(({ text }) => text.toLowerCase().includes(wanted))) ids.add(id)
  }
  found(ids)
}

function groups(all: readonly Conversation[], w: typeof words.value): [string, Conversation[]][] {
  const midnight = new Date().setHours(0, 0, 0, 0)
  const nameOf = (changed: number): string =>
    changed >= midnight ? w.today : changed >= midnight - 86_400_000 ? w.yesterday : w.earlier
  const found = new Map<string, Conversation[]>()
  for (const conversation of all) {
    const name = nameOf(conversation.changed)
    found.set(name, [...(found.get(name) ?? []), conversation])
  }
  return [...found]
}

function Row({ conversation }: { conversation: Conversation }): JSX.Element {
  const { chats } = useActs()
  const isRenamed = useSignal(false)
  const { id, title } = conversation
  const isCurrent = chats.current.value.id === id
  const w = words.value
  const remove = (): void => void removeWithUndo(chats, conversation)
  if (isRenamed.value) {
    const onSave = (text: string | undefined): void => {
      isRenamed.value = false
      if (text?.trim()) void chats.change({ title: text.trim() }, id)
    }
    return (
      <li>
        <TitleField title={title} onSave={onSave} />
      </li>
    )
  }
  return (
    <li>
      <a
        href={`#/c/${id}`}
        dir="auto"
        {...(isCurrent && { 'aria-current': 'page' as const })}
        onClick={(event) => {
          event.preventDefault()
          isListOpen.value = false
          void chats.show(conversation)
        }}
        onKeyDown={({ key }) => {
          if (key === 'F2') isRenamed.value = true
          if (key === 'Delete') remove()
        }}
      >
        {title || w.untitled}
      </a>
      <IconButton icon="edit" label={`${w.rename}: ${title}`} onClick={() => (isRenamed.value = true)} />
      <IconButton icon="bin" label={`${w.delete}: ${title}`} onClick={remove} />
    </li>
  )
}

function TitleField({ title, onSave }: { title: string; onSave: (text: string | undefined) => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => field.current?.select(), [])
  return (
    <input
      ref={field}
      class="rename"
      dir="auto"
      aria-label={words.value.title}
      defaultValue={title}
      onBlur={(event) => onSave(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (isComposing(event)) return
        if (event.key === 'Enter') onSave(event.currentTarget.value)
        if (event.key === 'Escape') {
          event.stopPropagation()
          onSave(undefined)
        }
      }}
    />
  )
}

async function removeWithUndo(chats: ReturnType<typeof useActs>['chats'], conversation: Conversation): Promise<void> {
  const messages = await chats.store.messagesOf(conversation.id)
  await chats.remove(conversation.id)
  const undo = async (): Promise<void> => {
    await chats.store.putMessages(messages)
    await chats.keep(conversation)
  }
  say(words.value.deleted, { label: words.value.undo, run: () => void undo() })
}
