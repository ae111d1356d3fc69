'use client'
// A chat: useChat keeps the messages and asks /api/chat.
import { useChat } from '@ai-sdk/react'
import { getToolName, isToolUIPart } from 'ai'
import { useState } from 'react'

export default function Page() {
  const { messages, sendMessage, status, stop } = useChat()
  const [text, setText] = useState('')
  const send = (): void => {
    void sendMessage({ text })
    setText('')
  }
  const isBusy = status === 'submitted' || status === 'streaming'
  return (
    <main>
      {messages.map(({ id, role, parts }) => (
        <p key={id}>
          <b>{role}</b>{' '}
          {parts.map((part, i) => {
            if (part.type === 'text') return <span key={i}>{part.text}</span>
            if (!isToolUIPart(part)) return null
            return <code key={i}>{`${getToolName(part)} ${JSON.stringify(part.input)} ${part.state} `}</code>
          })}
        </p>
      ))}
      <form action={send}>
        <input value={text} onChange={(event) => setText(event.target.value)} aria-label="Question" />
        {isBusy ? <button formAction={() => void stop()}>Stop</button> : <button>Send</button>}
      </form>
    </main>
  )
}
