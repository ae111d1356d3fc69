import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Conversation, Message } from './types.js'

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation; indexes: { changed: number } }
  messages: { key: string; value: Message; indexes: { conversation: string } }
  drafts: { key: string; value: { readonly id: string; readonly text: string } }
  settings: { key: string; value: unknown }
}

const NAME = 'kaiyuan'
const VERSION = 1

/** Conversations of this browser. Nothing of them is sent anywhere but, as a prompt, to the engine. */
export interface Store {
  /** False where the browser keeps nothing: then all is gone with the page. */
  readonly isKept: boolean
  conversations(): Promise<Conversation[]>
  messagesOf(conversation: string): Promise<Message[]>
  putConversation(conversation: Conversation): Promise<void>
  putMessages(messages: readonly Message[]): Promise<void>
  removeMessages(ids: readonly string[]): Promise<void>
  removeConversation(id: string): Promise<void>
  draft(id: string): Promise<string>
  putDraft(id: string, text: string): Promise<void>
  setting(name: string): Promise<unknown>
  putSetting(name: string, value: unknown): Promise<void>
}

/** The browser's database, or a store in memory where it has none (private windows of some). */
export async function openStore(): Promise<Store> {
  try {
    return keptStore(await open())
  } catch {
    return memoryStore()
  }
}

function open(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(NAME, VERSION, {
    upgrade(database) {
      database.createObjectStore('conversations', { keyPath: 'id' }).createIndex('changed', 'changed')
      database.createObjectStore('messages', { keyPath: 'id' }).createIndex('conversation', 'conversation')
      database.createObjectStore('drafts', { keyPath: 'id' })
      database.createObjectStore('settings')
    },
    // A page of a newer version waits for this one.
    blocking: (_old, _new, event) => (event.target as IDBDatabase).close(),
  })
}

function keptStore(database: IDBPDatabase<Schema>): Store {
  return {
    isKept: true,
    conversations: () => database.getAllFromIndex('conversations', 'changed'),
    messagesOf: (conversation) => database.getAllFromIndex('messages', 'conversation', conversation),
    async putConversation(conversation) {
      await database.put('conversations', conversation)
    },
    async putMessages(messages) {
      const { store, done } = database.transaction('messages', 'readwrite')
      await Promise.all([...messages.map((message) => store.put(message)), done])
    },
    async removeMessages(ids) {
      const { store, done } = database.transaction('messages', 'readwrite')
      await Promise.all([...ids.map((id) => store.delete(id)), done])
    },
    async removeConversation(id) {
      const transaction = database.transaction(['conversations', 'messages', 'drafts'], 'readwrite')
      const messages = transaction.objectStore('messages')
      const keys = await messages.index('conversation').getAllKeys(id)
      const rest = [transaction.objectStore('conversations').delete(id), transaction.objectStore('drafts').delete(id)]
      await Promise.all([...keys.map((key) => messages.delete(key)), ...rest, transaction.done])
    },
    draft: async (id) => (await database.get('drafts', id))?.text ?? '',
    async putDraft(id, text) {
      if (text === '') await database.delete('drafts', id)
      else await database.put('drafts', { id, text })
    },
    setting: (name) => database.get('settings', name),
    async putSetting(name, value) {
      await database.put('settings', value, name)
    },
  }
}

/** @returns a store that is empty at first and lives as long as the page */
export function memoryStore(): Store {
  const conversations = new Map<string, Conversation>()
  const messages = new Map<string, Message>()
  const drafts = new Map<string, string>()
  const settings = new Map<string, unknown>()
  const of = (id: string): Message[] => [...messages.values()].filter(({ conversation }) => conversation === id)
  return {
    isKept: false,
    conversations: async () => [...conversations.values()].sort((a, b) => a.changed - b.changed),
    messagesOf: async (id) => of(id),
    putConversation: async (conversation) => void conversations.set(conversation.id, conversation),
    putMessages: async (all) => all.forEach((message) => messages.set(message.id, message)),
    removeMessages: async (ids) => ids.forEach((id) => messages.delete(id)),
    async removeConversation(id) {
      for (const message of of(id)) messages.delete(message.id)
      conversations.delete(id)
      drafts.delete(id)
    },
    draft: async (id) => drafts.get(id) ?? '',
    putDraft: async (id, text) => void drafts.set(id, text),
    setting: async (name) => settings.get(name),
    putSetting: async (name, value) => void settings.set(name, value),
  }
}
