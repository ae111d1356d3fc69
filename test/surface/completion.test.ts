// What Tab does in bash: nothing of what is typed is run.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { program } from '../../src/cli/commands/all.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function scriptOf(shell: string): Promise<string> {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await program().parseAsync(['completion', shell], { from: 'user' })
    return stdout.mock.calls.map(([text]) => text).join('')
  } finally {
    stdout.mockRestore()
  }
}

/** @param words as bash has them, with = and : on their own */
async function pressTab(
  line: string,
  words: readonly string[],
  output = '--json\tone JSON object\n--seed\tof chance\n:4\n',
): Promise<{ asked: string[]; offered: string[]; errors: string }> {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
  writeFileSync(join(folder, 'script'), await scriptOf('bash'))
  writeFileSync(join(folder, 'output'), output)
  writeFileSync(join(folder, 'kaiyuan'), '#!/bin/bash\nprintf "%s\\n" "$@" >asked\ncat output\n')
  chmodSync(join(folder, 'kaiyuan'), 0o755)
  const code = `
    exec 2>errors
    source ./script; source ./script
    COMP_LINE=${quoted(line)}; COMP_POINT=\${#COMP_LINE}
    COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}
    __kaiyuan_complete kaiyuan
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, LC_ALL: 'C.UTF-8' }
  const out = execFileSync('bash', ['--norc', '-c', code], { cwd: folder, env, encoding: 'utf8' })
  const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')
  // compopt works during a completion only.
  return {
    asked: lines(readFileSync(join(folder, 'asked'), 'utf8')),
    offered: lines(out),
    errors: readFileSync(join(folder, 'errors'), 'utf8'),
  }
}

describe.skipIf(process.platform === 'win32')('Tab in bash', () => {
  it('runs nothing of what is typed, and passes it on as it is', async () => {
    const prompt = '"what does $(touch RAN) `touch RAN` do"'
    const words = ['kaiyuan', 'run', 'mini', prompt, '>', 'answer.txt', '--js']
    const { asked, offered, errors } = await pressTab(words.join(' '), words)
    expect(readdirSync(folder).sort()).toEqual(['asked', 'errors', 'kaiyuan', 'output', 'script'])
    expect(asked).toEqual(['complete', '--', ...words.slice(1)])
    expect([offered, errors]).toEqual([['--json'], ''])
  })

  it('asks with an empty word after a space', async () => {
    const { asked, offered } = await pressTab('kaiyuan run ', ['kaiyuan', 'run', ''])
    expect(asked).toEqual(['complete', '--', 'run', ''])
    expect(offered).toEqual(['--json', '--seed'])
  })

  it('asks for words with = and : as wholes, and offers what bash replaces', async () => {
    const words = ['kaiyuan', 'run', 'qwen3', ':', '4b', '--to', '=', 'q']
    const { asked, offered } = await pressTab('kaiyuan run qwen3:4b --to=q', words, 'q4\t\nq8\t\nf16\t\n:4\n')
    expect(asked).toEqual(['complete', '--', 'run', 'qwen3:4b', '--to=q'])
    expect(offered).toEqual(['q4', 'q8'])
    const empty = await pressTab('kaiyuan run --to=', ['kaiyuan', 'run', '--to', '='], 'q4\t\n:4\n')
    expect([empty.asked.at(-1), empty.offered]).toEqual(['--to=', ['q4']])
    const name = await pressTab('kaiyuan rm qwen3:', ['kaiyuan', 'rm', 'qwen3', ':'], 'qwen3:4b\t\n:4\n')
    expect([name.asked.at(-1), name.offered]).toEqual(['qwen3:', ['4b']])
  })

  it('offers nothing that it is told not to, and expands nothing that it is told', async () => {
    expect((await pressTab('kaiyuan ', ['kaiyuan', ''], 'x\t\n:1\n')).offered).toEqual([''])
    expect((await pressTab('kaiyuan ', ['kaiyuan', ''], '$(touch RAN)\t\n:4\n')).offered).toEqual(['$(touch RAN)'])
    expect((await pressTab('kaiyuan o', ['kaiyuan', 'o'], 'txt\n:8\n')).offered).toEqual([''])
    expect((await pressTab('kaiyuan o', ['kaiyuan', 'o'], ':16\n')).offered).toEqual([''])
    expect(readdirSync(folder)).not.toContain('RAN')
  })
})

it('has PowerShell escape all apostrophes that end a text there', async () => {
  const script = await scriptOf('powershell')
  expect(script).toContain('EscapeSingleQuotedStringContent($_)')
  expect(script).not.toContain(`-replace "'"`)
})
