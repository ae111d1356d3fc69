import { newId } from '../page/id.js'
import type { Desk } from '../engine/desk.js'
import type { Attachment, Conversation, Message, Settings } from '../storage/types.js'
import type { Chats } from './chats.js'
import { optionsOf, promptOf } from './prompt.js'
import { roomFor } from './room.js'
import { Running } from './running.js'
import { subtreeOf } from './tree.js'

const TITLE = 60

/** One of the answers to a question, when several are asked for. */
export interface Lane {
  readonly model: string
  readonly settings: Settings
}

/** What a person can do in a conversation. */
export class Acts {
  /** Answers that were stopped before they began. */
  private readonly stopped = new Set<string>()

  constructor(
    readonly chats: Chats,
    readonly desk: Desk,
  ) {}

  /** The model of the shown conversation, or the first there is. */
  get model(): string | undefined {
    const { model } = this.chats.current.value
    const entries = this.desk.entries.value
    const whole = entries.filter(({ state }) => state !== 'partial')
    return whole.find(({ name }) => name === model)?.name ?? whole[0]?.name
  }

  /** Asks at the end of the shown path. */
  async send(text: string, files: readonly Attachment[], lanes?: readonly Lane[]): Promise<void> {
    const { chats } = this
    await this.ask({ text, files, parent: chats.path.value.at(-1)?.id ?? '' }, lanes)
  }

  /** Asks a changed question in the place of one. */
  async edit(message: Message, text: string): Promise<void> {
    if (message.role === 'user') return this.ask({ text, files: message.files ?? [], parent: message.parent })
    const edited = { ...message, id: newId(), text, created: Date.now(), edited: true, state: 'done' as const }
    await this.chats.put(edited)
    await this.choose(edited)
  }

  /** A further answer in the place of one. */
  async again(message: Message, change: Partial<Lane> = {}): Promise<void> {
    const lane = this.lane(change)
    if (lane) await this.answer(message.parent, lane)
  }

  /** Continues with an answer that ended early, from its own text. */
  async continue(message: Message): Promise<void> {
    const lane = this.lane({ ...(message.model !== undefined && { model: message.model }) })
    if (lane) await this.run({ ...message, state: 'answering', reason: undefined }, lane, true)
  }

  /** Gives the result of a call, after which the model answers. */
  async giveResult(message: Message, callId: string, text: string): Promise<void> {
    const parent = this.chats.path.value.at(-1)?.id ?? message.id
    const result = this.message({ role: 'tool', text, parent, callId })
    await this.chats.put(result)
    await this.choose(result)
    const given = this.chats.path.value.filter(({ role }) => role === 'tool').map((tool) => tool.callId)
    const lane = this.lane()
    if (lane && message.calls?.every(({ id }) => given.includes(id))) await this.answer(result.id, lane)
  }

  /** Makes an answer that failed once more, in its place. */
  async retry(message: Message): Promise<void> {
    const lane = this.lane({ ...(message.model !== undefined && { model: message.model }) })
    const fresh = { ...message, state: 'answering' as const, reason: undefined, full: undefined }
    if (lane) await this.run(fresh, lane, message.text !== '')
  }

  async choose(message: Message): Promise<void> {
    const { chats } = this
    await chats.change({ chosen: { ...chats.current.value.chosen, [message.parent]: message.id } })
  }

  /** @returns the messages that went, to put them back */
  async remove(message: Message): Promise<readonly Message[]> {
    const gone = new Set(subtreeOf(this.chats.messages.value, message.id))
    const removed = this.chats.messages.value.filter(({ id }) => gone.has(id))
    await this.chats.removeMessages([...gone])
    return removed
  }

  /** Copies the path up to a message into a conversation of its own. */
  async branch(message: Message): Promise<void> {
    const { chats } = this
    const path = chats.path.value
    const own = path.slice(0, path.findIndex(({ id }) => id === message.id) + 1)
    const before = chats.current.value
    chats.begin(before.settings)
    const conversation = { ...chats.current.value, title: before.title, ...(before.model && { model: before.model }) }
    let parent = ''
    const copies = own.map((original): Message => {
      const copy = { ...original, id: newId(), conversation: conversation.id, parent }
      parent = copy.id
      return copy
    })
    await chats.keep(conversation)
    await chats.store.putMessages(copies)
    await chats.show(conversation)
  }

  stop(): void {
    for (const { id } of this.chats.shownRunning.value) this.chats.running.value.get(id)?.stop()
    for (const message of this.chats.path.value) {
      if (message.state !== 'answering' || this.chats.running.value.has(message.id)) continue
      this.stopped.add(message.id)
      void this.chats.put({ ...message, state: 'cut', reason: 'stopped' })
    }
    for (const { message, stop } of this.runningHere()) if (message.compare !== undefined) stop()
  }

  private runningHere(): { message: Message; stop: () => void }[] {
    const { id } = this.chats.current.value
    const all = [...this.chats.running.value.values()]
    return all
      .filter(({ message }) => message.conversation === id)
      .map((running) => ({ message: running.message, stop: () => running.stop() }))
  }

  private async ask(
    question: { text: string; files: readonly Attachment[]; parent: string },
    lanes?: readonly Lane[],
  ): Promise<void> {
    const { chats } = this
    const conversation = chats.current.value
    const title =
      conversation.title || question.text.trim().replace(/\s+/g, ' ').slice(0, TITLE) || question.files[0]?.name || ''
    const message = this.message({ role: 'user', ...question })
    const asked: Conversation = { ...conversation, title, changed: Date.now() }
    chats.current.value = { ...asked, chosen: { ...asked.chosen, [message.parent]: message.id } }
    await chats.put(message)
    await chats.keep(chats.current.value)
    const hash = `#/c/${conversation.id}`
    if (location.hash !== hash) history.replaceState(null, '', hash)
    const own = this.lane()
    const wanted = lanes ?? (own ? [own] : [])
    const compare = wanted.length > 1 ? newId() : undefined
    await Promise.all(wanted.map((lane) => this.answer(message.id, lane, compare)))
  }

  private lane(change: Partial<Lane> = {}): Lane | undefined {
    const model = change.model ?? this.model
    return model === undefined ? undefined : { settings: this.chats.current.value.settings, ...change, model }
  }

  private async answer(parent: string, lane: Lane, compare?: string): Promise<void> {
    const { model, settings } = lane
    const message = this.message({ role: 'assistant', text: '', parent, model, recipe: { settings }, compare })
    await this.run({ ...message, state: 'answering' }, lane, false)
  }

  private async run(message: Message, { model, settings }: Lane, goesOn: boolean): Promise<void> {
    const { chats } = this
    await chats.put(message)
    await this.choose(message)
    try {
      const engine = await this.desk.engine(model, settings.precision)
      const path = pathTo(chats.messages.value, message)
      const prompt = promptOf(path, { ...chats.current.value, settings })
      const messages = goesOn ? [...prompt, { role: 'assistant' as const, content: message.text }] : prompt
      const options = { ...optionsOf(settings), ...(goesOn && { continueFinalMessage: true }) }
      const full = await roomFor(engine, messages, options)
      if (this.stopped.delete(message.id)) return
      if (full) return await chats.put({ ...message, state: 'failed', full })
      const recipe = { settings, ...message.recipe, contextLength: engine.info.contextLength }
      const store = (part: Message): void => void chats.put(part)
      await chats.follow(new Running({ ...message, model, recipe }, engine.chat(messages, options), store))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      await chats.put({ ...message, state: 'failed', reason })
    }
  }

  private message(own: Pick<Message, 'role' | 'text' | 'parent'> & Partial<Message>): Message {
    return { id: newId(), conversation: this.chats.current.value.id, created: Date.now(), state: 'done', ...own }
  }
}

/** The messages before one, from the first. */
function pathTo(messages: readonly Message[], message: Message): Message[] {
  const byId = new Map(messages.map((each) => [each.id, each]))
  const path: Message[] = []
  for (let at = byId.get(message.parent); at && path.length < messages.length; at = byId.get(at.parent))
    path.unshift(at)
  return path
}
