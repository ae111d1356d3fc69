// Writes as a chat does, again and again, until it is killed: `history FILE` or `save FILE`. Says when it has begun.
import { History } from '../../src/cli/chat/history.js'
import { chatText } from '../../src/cli/chat/saved.js'
import { writeWhole } from '../../src/cli/whole-file.js'

const [kind = '', file = ''] = process.argv.slice(2)
const history = new History(file)
for (let i = 0; ; i++) {
  if (kind === 'history') {
    history.add(`line ${i} of ${process.pid}`)
    await history.settled()
  } else {
    const messages = Array.from({ length: 2000 }, () => ({
      role: 'user' as const,
      content: `answer ${i} of ${process.pid}`,
    }))
    await writeWhole(file, chatText(messages))
  }
  if (i === 0) process.stdout.write('writes\n')
}
