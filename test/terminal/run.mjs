// Drives the chat in a real terminal, as a person would: tmux has the screen and the keys. `npm run test:terminal`; its last line is
// `N passed, N failed`. Needs tmux (Debian: apt-get install tmux).
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const SOCKET = `kaiyuan-test-${process.pid}`
const PATIENCE_MS = 30_000
/** The shell's prompt, alone on its line. */
const SHELL = /^shell[$] ?$/m
const home = mkdtempSync(join(tmpdir(), 'kaiyuan-terminal-'))

function tmux(...args) {
  return execFileSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' })
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** The embedded model with a template that has all turns in it; its own has only the last question. */
function rememberingMini() {
  const folder = join(home, 'remembering')
  cpSync(join(root, 'models', 'mini'), folder, { recursive: true })
  const file = join(folder, 'tokenizer_config.json')
  const config = JSON.parse(readFileSync(file, 'utf8'))
  const chat_template =
    "{{ bos_token }}{% for m in messages %}{{ '<｜User｜>' if m['role'] == 'user' else '<｜Assistant｜>' }}{{ m['content'] }}{% endfor %}{{ '<｜Assistant｜>' }}"
  writeFileSync(file, JSON.stringify({ ...config, chat_template }))
  return folder
}

/** One terminal with a shell in it. */
class Terminal {
  constructor(name, columns = 70) {
    this.name = name
    const env = { HOME: home, TERM: 'xterm-256color', EDITOR: join(home, 'editor.sh') }
    const settings = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`])
    tmux(
      'new-session',
      '-d',
      '-s',
      name,
      '-x',
      String(columns),
      '-y',
      '50',
      ...settings,
      'bash --norc --noprofile -c \'PS1="shell$ " exec bash --norc --noprofile\'',
    )
  }

  /** Lines of the screen, as they are seen, with those that have scrolled away. */
  screen() {
    return tmux('capture-pane', '-p', '-t', this.name, '-S', '-500').trimEnd()
  }

  keys(...keys) {
    tmux('send-keys', '-t', this.name, ...keys)
  }

  type(text) {
    tmux('send-keys', '-t', this.name, '-l', text)
  }

  paste(text) {
    tmux('set-buffer', text)
    tmux('paste-buffer', '-p', '-t', this.name)
  }

  /** Waits until the screen has it this many times. @throws with the screen when it does not come */
  async sees(text, times = 1) {
    const pattern = text instanceof RegExp ? new RegExp(text.source, 'gmu') : undefined
    for (const end = Date.now() + PATIENCE_MS; ; await pause(100)) {
      const screen = this.screen()
      const found = pattern ? (screen.match(pattern) ?? []).length : screen.split(text).length - 1
      if (found >= times) return screen
      if (Date.now() > end) throw new Error(`expected ${text} ${times} times on the screen; it shows\n${screen}`)
    }
  }

  async chat(flags = '', model = 'mini') {
    this.type(`clear; node ${join(root, 'dist/cli/main.js')} chat ${model} ${flags}`)
    this.keys('Enter')
    await this.sees('the commands.')
    await this.sees(/^> ?$/m)
  }

  /** Sends a line and waits until the prompt is there again. */
  async ask(line) {
    const before = (this.screen().match(/^> ?$/gm) ?? []).length
    this.type(line)
    this.keys('Enter')
    await pause(200)
    const end = Date.now() + PATIENCE_MS
    while (!/^>$/.test(this.screen().split('\n').at(-1))) {
      if (Date.now() > end) throw new Error(`no prompt after ${line} (${before} before)\n${this.screen()}`)
      await pause(100)
    }
    return this.screen()
  }

  end() {
    tmux('kill-session', '-t', this.name)
  }
}

function expect(condition, why, screen) {
  if (!condition) throw new Error(`${why}\n${screen}`)
}

const tests = {
  'pasted text is one message': async (terminal) => {
    await terminal.chat()
    terminal.paste('reverse\nthe word\nstone')
    const before = await terminal.sees('reverse⏎the word⏎stone')
    expect(!before.includes('Thinking'), 'it was sent before Enter', before)
    terminal.keys('Enter')
    const screen = await terminal.sees('done thinking')
    expect(screen.split('Thinking...').length === 2, 'expected one answer', screen)
  },
  'a long paste is shown by its size, and whole in the message': async (terminal) => {
    await terminal.chat()
    terminal.paste(Array.from({ length: 12 }, (_, i) => `line ${i}`).join('\n'))
    await terminal.sees('[pasted 1: 12 lines]')
    terminal.keys('Enter')
    await terminal.sees(/^>$/m)
    await terminal.ask(`/save ${join(home, 'pasted.json')}`)
    const [{ content }] = JSON.parse(readFileSync(join(home, 'pasted.json'), 'utf8'))
    expect(content.split('\n').length === 12, `expected 12 lines, found ${content}`, '')
  },
  'triple quotes and Alt-Enter make several lines': async (terminal) => {
    await terminal.chat()
    terminal.type('"""reverse')
    terminal.keys('Enter')
    await terminal.sees(/^\. ?$/m)
    terminal.type('stone"""')
    terminal.keys('Enter')
    await terminal.sees('done thinking')
    terminal.type('reverse')
    terminal.keys('M-Enter')
    terminal.type('river')
    await terminal.sees('reverse⏎river')
    terminal.keys('Enter')
    await terminal.sees('done thinking', 2)
  },
  'Ctrl-C clears the line, twice on an empty line leaves': async (terminal) => {
    await terminal.chat()
    terminal.type('not to be sent')
    await terminal.sees('> not to be sent')
    terminal.keys('C-c')
    await pause(300)
    const screen = await terminal.ask('hello')
    expect(!/not to be senthello/.test(screen) && screen.includes('Hello!'), 'the line was not cleared', screen)
    terminal.keys('C-c')
    await terminal.sees('Ctrl-D or /bye leaves')
    terminal.keys('C-c')
    await terminal.sees(SHELL)
  },
  'Ctrl-D ends with a line of its own': async (terminal) => {
    await terminal.chat()
    terminal.keys('C-d')
    const screen = await terminal.sees(SHELL)
    expect(!screen.includes('> shell'), 'the shell stands after the prompt', screen)
  },
  'Ctrl-Z comes back with fg': async (terminal) => {
    await terminal.chat()
    await terminal.ask('hello')
    terminal.keys('C-z')
    await terminal.sees(/Stopped/)
    terminal.type('echo out$((20+2))side')
    terminal.keys('Enter')
    await terminal.sees('out22side')
    terminal.type('fg')
    terminal.keys('Enter')
    await pause(500)
    await terminal.ask('reverse the word stone')
    await terminal.sees('done thinking', 2)
    const screen = await terminal.ask('/save ' + join(home, 'z.json'))
    expect(screen.includes('saved 4 messages'), 'the conversation was lost', screen)
  },
  'what is typed while an answer comes waits for the prompt': async (terminal) => {
    await terminal.chat('--ignore-eos --max-tokens 400')
    terminal.type('hello')
    terminal.keys('Enter')
    await terminal.sees('Thinking')
    terminal.type('typed meanwhile')
    await pause(300)
    const during = terminal.screen()
    await terminal.sees('> typed meanwhile')
    const text = terminal.screen()
    expect(text.split('typed meanwhile').length === 2, 'it was echoed into the answer', `${during}\n---\n${text}`)
    expect(text.includes('(cut at 400 tokens; /continue resumes it)'), 'a cut answer says so', text)
  },
  'an answer that is stopped says so and continues': async (terminal) => {
    await terminal.chat('--ignore-eos --max-tokens 3000')
    terminal.type('hello')
    terminal.keys('Enter')
    await terminal.sees('Hello')
    terminal.keys('C-c')
    await terminal.sees('(stopped; /continue resumes it)')
    await terminal.ask('/set max-tokens 20')
    const screen = await terminal.ask('/continue')
    expect(screen.includes('(cut at 20 tokens'), 'it continued and was cut', screen)
  },
  'a full context drops the oldest turns and says so': async (terminal) => {
    await terminal.chat('--context 120 --max-tokens 30', rememberingMini())
    for (const word of ['stone', 'river', 'tiger', 'water', 'apple']) await terminal.ask(`reverse the word ${word}`)
    const screen = terminal.screen()
    expect(/context of 120 tokens is full: the oldest/.test(screen.replace(/\n/g, ' ')), 'no note', screen)
    expect(!screen.includes('the prompt has'), 'the chat came to its end', screen)
  },
  'retry, undo, set, think, stats, help and a wrong command': async (terminal) => {
    await terminal.chat()
    await terminal.ask('reverse the word stone')
    await terminal.ask('/retry')
    await terminal.sees('enots', 2)
    expect(
      (await terminal.ask('/set temperature 0.5')).includes('temperature 0.5'),
      'set says what is set',
      terminal.screen(),
    )
    expect((await terminal.ask('/set temprature 1')).includes('no such setting'), 'a wrong name', terminal.screen())
    expect((await terminal.ask('/think hide')).includes('thoughts are hidden'), 'think', terminal.screen())
    await terminal.ask('reverse river')
    await terminal.sees(/thought for [\d.]+ s/)
    expect((await terminal.ask('/stats')).includes('from the cache'), 'stats', terminal.screen())
    expect((await terminal.ask('/HELP')).includes('/resume [N]'), 'help', terminal.screen())
    expect((await terminal.ask('/retri')).includes('did you mean /retry'), 'nearest', terminal.screen())
    terminal.type('/undo')
    terminal.keys('Enter')
    await terminal.sees(/^> reverse river$/m)
  },
  'Tab completes commands and files': async (terminal) => {
    writeFileSync(join(home, 'a-file-of-notes.txt'), 'apple')
    terminal.type(`cd ${home}`)
    terminal.keys('Enter')
    await terminal.chat()
    terminal.type('/fi')
    terminal.keys('Tab')
    await terminal.sees('> /file')
    terminal.type(' a-fi')
    terminal.keys('Tab')
    await terminal.sees('a-file-of-notes.txt')
    terminal.keys('Enter')
    await terminal.sees('the next message')
  },
  'edit opens the editor and sends what it wrote': async (terminal) => {
    writeFileSync(join(home, 'editor.sh'), '#!/bin/sh\necho "reverse the word stone" > "$1"\n', { mode: 0o755 })
    await terminal.chat()
    await terminal.ask('/edit')
    await terminal.sees('enots')
  },
  'conversations are kept privately and continued': async (terminal) => {
    rmSync(join(home, '.kaiyuan'), { recursive: true, force: true })
    await terminal.chat()
    await terminal.ask('reverse the word stone')
    await terminal.ask('/bye').catch(() => undefined)
    const folder = join(home, '.kaiyuan', 'chats')
    const [file] = readdirSync(folder)
    expect((statSync(join(folder, file)).mode & 0o777) === 0o600, 'mode of the file', file)
    await terminal.chat('--resume')
    expect(terminal.screen().includes('continuing with 2 messages'), 'resume', terminal.screen())
    expect((await terminal.ask('/resume')).includes('reverse the word stone (1 question)'), 'list', terminal.screen())
  },
  'no history keeps nothing': async (terminal) => {
    for (const name of ['.kaiyuan', '.kaiyuan_history']) rmSync(join(home, name), { recursive: true, force: true })
    await terminal.chat('--no-history')
    await terminal.ask('hello')
    terminal.keys('C-d')
    await terminal.sees(SHELL)
    expect(!existsSync(join(home, '.kaiyuan')) && !existsSync(join(home, '.kaiyuan_history')), 'something is kept', '')
  },
  'Ctrl-C gives up another model that does not come, and the chat goes on': async (terminal) => {
    const silent = createServer(() => undefined)
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve))
    try {
      terminal.type(`export HF_ENDPOINT=http://127.0.0.1:${silent.address().port}`)
      terminal.keys('Enter')
      await terminal.chat()
      terminal.type('/model org/model')
      terminal.keys('Enter')
      await pause(1000)
      terminal.keys('C-c')
      await terminal.sees('stopped; what came is kept')
      await terminal.ask('reverse the word stone')
      await terminal.sees('enots')
    } finally {
      silent.close()
      silent.closeAllConnections()
    }
  },
  'words are not broken at the edge': async (terminal) => {
    await terminal.chat()
    const screen = await terminal.ask('hello')
    for (const word of ['palindromes', 'decimals', 'DeepSeek-V3', 'subtract'])
      expect(screen.includes(word), `${word} is broken`, screen)
  },
}

const hasTmux = spawnSync('tmux', ['-V']).status === 0
if (!hasTmux) {
  console.error('tmux is missing: apt-get install tmux')
  process.exit(1)
}
const wanted = process.argv[2]
let passed = 0
let failed = 0
// The server ends with its last session.
tmux('new-session', '-d', '-s', 'stays')
try {
  for (const [name, test] of Object.entries(tests)) {
    if (wanted && !name.includes(wanted)) continue
    const terminal = new Terminal(`t${passed + failed}`, name.startsWith('words') ? 50 : 70)
    try {
      await test(terminal)
      passed++
      console.log(`ok ${name}`)
    } catch (error) {
      failed++
      console.log(`FAILED ${name}: ${error.message}`)
    } finally {
      terminal.end()
    }
  }
} finally {
  spawnSync('tmux', ['-L', SOCKET, 'kill-server'])
  rmSync(home, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
