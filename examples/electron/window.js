// The window: shows the text of the last question as it comes.
const answer = document.querySelector('#answer')
let asked = 0

window.model.onText((id, text) => {
  if (id === asked) answer.append(text)
})
document.querySelector('#ask').addEventListener('submit', (event) => {
  event.preventDefault()
  window.model.stop(asked)
  answer.textContent = ''
  const content = document.querySelector('#question').value
  void window.model.ask(++asked, [{ role: 'user', content }])
})
