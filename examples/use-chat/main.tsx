// useChat without a server: the model runs in a worker of the page, and its tools here.
import { useChat } from '@ai-sdk/react'
import { DirectChatTransport, getToolName, isToolUIPart, tool, ToolLoopAgent } from 'ai'
import { kaiyuan } from 'kaiyuan/ai'
import { loadEngine } from 'kaiyuan/worker'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { z } from 'zod'

// The address may be of any folder in Hugging Face layout or of a .gguf.
const engine = await loadEngine('/models/mini/')
const agent = new ToolLoopAgent({
  model: kaiyuan(engine),
  tools: {
    title: tool({
      description: 'Sets the title of the page',
      inputSchema: z.object({ title: z.string().max(40) }),
      execute: ({ title }) => `the title was ${document.title}, and is ${(document.title = title)}`,
    }),
  },
})
const transport = new DirectChatTransport({ agent })

function Chat() {
  const { messages, sendMessage, status, stop } = useChat({ transport })
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

createRoot(document.querySelector('#chat')!).render(<Chat />)
// Ends the worker, whose memory the browser has back at once.
addEventListener('pagehide', () => void engine.close())
