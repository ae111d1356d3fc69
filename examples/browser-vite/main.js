import { loadEngine } from 'kaiyuan/worker'

const form = document.querySelector('#ask')
const question = document.querySelector('#question')
const answer = document.querySelector('#answer')

// One line: the engine runs in a worker, and this page stays free. The address may be of any folder in Hugging Face layout or of a .gguf.
const engine = await loadEngine('/models/mini/')

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  answer.textContent = ''
  for await (const part of engine.chat([{ role: 'user', content: question.value }]))
    if (part.kind === 'text') answer.append(part.text)
})
// Ends the worker, whose memory the browser has back at once.
addEventListener('pagehide', () => void engine.close())
form.dataset.ready = 'true'
