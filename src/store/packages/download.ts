/** Packages come through the user's own pip and npm: their settings, mirrors, proxies and certificates. No code of a package runs. */
import { UserError } from '../../errors.js'
import { errorCode, nodeChildProcess } from '../platform.js'

/** What a package manager may say before only the end of it is kept. */
const LONGEST_TALK = 64 << 10

interface Tool {
  readonly command: string
  readonly first: readonly string[]
}

export interface DownloadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

/** The ways to call each, in the order in which they are tried. */
const TOOLS: Readonly<Record<'pypi' | 'npm', readonly Tool[]>> = {
  pypi: [
    { command: 'python3', first: ['-m', 'pip'] },
    { command: 'python', first: ['-m', 'pip'] },
    { command: 'pip3', first: [] },
    { command: 'pip', first: [] },
  ],
  npm: [{ command: 'npm', first: [] }],
}

/**
 * Downloads one package into a folder: a wheel, or a tarball.
 * @param name with its version: `NAME==VERSION`, `NAME@VERSION`
 * @throws UserError in words: no pip here, no such package, no network
 */
export async function downloadPackage(
  source: 'pypi' | 'npm',
  name: string,
  folder: string,
  options: DownloadOptions,
): Promise<void> {
  const rest =
    source === 'pypi'
      ? // Wheels alone: a source package would run code of its own.
        [
          'download',
          '--quiet',
          '--no-deps',
          '--only-binary=:all:',
          '--disable-pip-version-check',
          '--dest',
          folder,
          name,
        ]
      : ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, name]
  for (const tool of TOOLS[source]) {
    const { missing, code, said } = await call(tool, rest, options)
    if (missing || (source === 'pypi' && /No module named pip/.test(said))) continue
    if (code === 0) return
    throw failed(source, name, said)
  }
  const [manager, needs] = source === 'pypi' ? ['pip', 'Python with pip'] : ['npm', 'npm']
  throw new UserError(
    `${source}:${name}: expected ${needs} on this machine, found none. Install ${manager}, or take the model from a hub.`,
    'unsupported_platform',
  )
}

interface Called {
  readonly missing: boolean
  readonly code: number
  /** The end of what it wrote to stderr. */
  readonly said: string
}

function call({ command, first }: Tool, rest: readonly string[], options: DownloadOptions): Promise<Called> {
  const { environment, signal } = options
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    // On Windows npm is a script, which needs a shell; none of the arguments has a blank but the folder.
    const shell = process.platform === 'win32' && command === 'npm'
    const args = [...first, ...rest.map((arg) => (shell && /\s/.test(arg) ? `"${arg}"` : arg))]
    const child = nodeChildProcess().spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment,
      shell,
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-LONGEST_TALK)))
    const stop = (): void => void child.kill('SIGTERM')
    signal?.addEventListener('abort', stop, { once: true })
    child.on('error', (cause) => {
      signal?.removeEventListener('abort', stop)
      if (errorCode(cause) === 'ENOENT') resolve({ missing: true, code: -1, said })
      else reject(cause)
    })
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop)
      if (signal?.aborted) reject(signal.reason as Error)
      else resolve({ missing: false, code: code ?? -1, said })
    })
  })
}

/** What a package manager said, in one sentence. */
function failed(source: 'pypi' | 'npm', name: string, said: string): UserError {
  const manager = source === 'pypi' ? 'pip' : 'npm'
  const lines = said.split('\n').map((line) => line.replace(/^(?:ERROR:|npm (?:error|ERR!))\s*/, '').trim())
  const reason = lines.filter((line) => line !== '' && !/^(?:WARNING|npm warn|A complete log)/i.test(line)).at(-1)
  const unreachable =
    /NameResolution|ConnectionError|NewConnection|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|Max retries|timed out/i
  if (unreachable.test(said))
    return new UserError(
      `${source}:${name}: the package index of ${manager} cannot be reached (${reason ?? 'no reason given'}). ` +
        `Check the network, and ${manager} config for the mirror to use.`,
      'network',
    )
  if (/No matching distribution|E404|ETARGET|not found/i.test(said))
    return new UserError(
      `${source}:${name}: ${manager} finds no such package for this machine. Check the name and the version.`,
      'model_not_found',
    )
  return new UserError(`${source}:${name}: ${manager} failed: ${reason ?? 'it gave no reason'}`, 'invalid_file')
}
