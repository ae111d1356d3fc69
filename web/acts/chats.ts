import { computed, signal } from '@preact/signals'
import type { Store } from '../storage/database.js'
import type { Conversation, Message, Settings } from '../storage/types.js'
import { newId } from '../page/id.js'
import { pathOf } from './tree.js'
import type { Running } from './running.js'

/** What tabs tell each other. */
interface Notice {
  readonly conversation: string
}

/** A conversation that nobody has written to. */
function fresh(settings: Settings = {}): Conversation {
  const now = Date.now()
  return { id: newId(), title: '', created: now, changed: now, settings, chosen: {} }
}

/** The conversations of this browser, the one that is shown, and the answers that are being made. */
export class Chats {
  readonly all = signal<readonly Conversation[]>([])
  readonly current = signal<Conversation>(fresh())
  readonly messages = signal<readonly Message[]>([])
  readonly path = computed(() => pathOf(this.messages.value, this.current.value.chosen))
  readonly running = signal<ReadonlyMap<string, Running>>(new Map())
  /** An answer of the shown path is being made, or waits for its model. */
  readonly isBusy = computed(() => this.path.value.some(({ state }) => state === 'answering'))
  /** Of the shown path, the answers that are being made. */
  readonly shownRunning = computed(() => this.path.value.filter(({ id }) => this.running.value.has(id)))
  /** Counts drafts that something else than the field wrote. */
  readonly drafted = signal(0)
  private readonly channel = new BroadcastChannel('kaiyuan')

  constructor(readonly store: Store) {
    this.channel.addEventListener('message', ({ data }: MessageEvent<Notice>) => void this.heard(data))
  }

  async load(): Promise<void> {
    this.all.value = (await this.store.conversations()).reverse()
    const id = /^#\/c\/(\w+)/.exec(location.hash)?.[1]
    const found = this.all.value.find((conversation) => conversation.id === id)
    if (found) await this.show(found)
  }

  /** Begins a new one, which is stored when something is said in it. */
  begin(settings: Settings = {}): void {
    this.current.value = fresh(settings)
    this.messages.value = []
    if (location.hash !== '') history.pushState(null, '', location.pathname + location.search)
  }

  async show(conversation: Conversation): Promise<void> {
    const messages = await this.withoutLost(await this.store.messagesOf(conversation.id))
    this.current.value = conversation
    this.messages.value = messages
    const hash = `#/c/${conversation.id}`
    if (location.hash !== hash) history.pushState(null, '', hash)
  }

  async open(id: string): Promise<void> {
    const found = this.all.value.find((conversation) => conversation.id === id)
    if (found) await this.show(found)
    else this.begin()
  }

  /** Changes the shown conversation, and stores it if it is one already. */
  async change(change: Partial<Conversation>, id = this.current.value.id): Promise<void> {
    const isCurrent = id === this.current.value.id
    const before = isCurrent ? this.current.value : this.all.value.find((conversation) => conversation.id === id)
    if (!before) return
    const after = { ...before, ...change }
    if (isCurrent) this.current.value = after
    if (this.all.value.some((conversation) => conversation.id === id)) await this.keep(after)
  }

  /** Stores a conversation, which becomes the first of the list when it was spoken in. */
  async keep(conversation: Conversation): Promise<void> {
    const others = this.all.value.filter(({ id }) => id !== conversation.id)
    this.all.value = [conversation, ...others].sort((a, b) => b.changed - a.changed)
    await this.store.putConversation(conversation)
    this.tell(conversation.id)
  }

  /** Adds messages to the shown conversation, or replaces those of the same id. */
  async put(...messages: Message[]): Promise<void> {
    const { id } = this.current.value
    const own = messages.filter(({ conversation }) => conversation === id)
    if (own.length > 0) {
      const replaced = new Set(own.map((message) => message.id))
      this.messages.value = [...this.messages.value.filter((message) => !replaced.has(message.id)), ...own]
    }
    await this.store.putMessages(messages)
    for (const conversation of new Set(messages.map((message) => message.conversation))) this.tell(conversation)
  }

  async removeMessages(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.running.value.get(id)?.stop()
    this.messages.value = this.messages.value.filter(({ id }) => !ids.includes(id))
    await this.store.removeMessages(ids)
    this.tell(this.current.value.id)
  }

  async remove(id: string): Promise<void> {
    for (const running of this.running.value.values()) if (running.message.conversation === id) running.stop()
    this.all.value = this.all.value.filter((conversation) => conversation.id !== id)
    if (this.current.value.id === id) this.begin()
    await this.store.removeConversation(id)
    this.tell(id)
  }

  /** Reads an answer to its end, under a lock that tells other tabs that somebody does. */
  async follow(running: Running): Promise<void> {
    const { id } = running.message
    this.running.value = new Map(this.running.value).set(id, running)
    await locked(`answer:${id}`, async () => {
      const whole = await running.run()
      const rest = new Map(this.running.value)
      rest.delete(id)
      this.running.value = rest
      await this.put(whole)
    })
  }

  /** Answers whose tab is gone are not being made any more. */
  private async withoutLost(messages: readonly Message[]): Promise<Message[]> {
    if (!messages.some(({ state }) => state === 'answering')) return [...messages]
    const { held = [] } = (await (navigator as { locks?: LockManager }).locks?.query()) ?? {}
    const names = new Set(held.map(({ name }) => name))
    const isLost = ({ id, state }: Message): boolean =>
      state === 'answering' && !names.has(`answer:${id}`) && !this.running.value.has(id)
    const lost = messages.filter(isLost).map((message): Message => ({ ...message, state: 'cut', reason: 'lost' }))
    if (lost.length > 0) await this.store.putMessages(lost)
    return messages.map((message) => lost.find(({ id }) => id === message.id) ?? message)
  }

  private tell(conversation: string): void {
    this.channel.postMessage({ conversation } satisfies Notice)
  }

  private async heard({ conversation }: Notice): Promise<void> {
    this.all.value = (await this.store.conversations()).reverse()
    if (conversation !== this.current.value.id) return
    const found = this.all.value.find(({ id }) => id === conversation)
    if (!found) return this.begin()
    this.messages.value = await this.withoutLost(await this.store.messagesOf(conversation))
    this.current.value = found
  }
}

/** Runs `work` under a Web Lock; pages that came by http have none. */
async function locked(name: string, work: () => Promise<void>): Promise<void> {
  const { locks } = navigator as { locks?: LockManager }
  await (locks ? locks.request(name, work) : work())
}
