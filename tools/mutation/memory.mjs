// What earlier runs found out about one folder, as far as it still holds.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)

export class Memory {
  /** @param fresh forgets all */
  constructor(root, folder, files, tests, fresh) {
    this.path = join(root, '.mutation', `${folder.replace('/', '-')}.json`)
    const contentOf = (path) => hash(readFileSync(join(root, path), 'utf8'))
    this.sources = hash(files.map((file) => file + contentOf(file)).join())
    this.tests = Object.fromEntries(tests.map((test) => [test, contentOf(test)]))
    const earlier = existsSync(this.path) && !fresh ? JSON.parse(readFileSync(this.path, 'utf8')) : {}
    const same = earlier.sources === this.sources
    const holds = (test) => same && earlier.tests[test] === this.tests[test]
    const allHold = same && JSON.stringify(earlier.tests) === JSON.stringify(this.tests)
    const kept = (entries, wanted) => Object.fromEntries(Object.entries(entries ?? {}).filter(wanted))
    /** By test file: times in milliseconds and the changes that it reaches, or why it failed without a change. */
    this.dry = kept(earlier.dry, ([test]) => holds(test))
    /** By change: noticed as long as the test is the same that did; not noticed as long as all are. */
    this.verdicts = kept(earlier.verdicts, ([, { by }]) => (by === undefined ? allHold : holds(by)))
  }

  save() {
    mkdirSync(dirname(this.path), { recursive: true })
    const { sources, tests, dry, verdicts } = this
    writeFileSync(this.path, JSON.stringify({ sources, tests, dry, verdicts }))
  }
}
