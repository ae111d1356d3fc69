// What runs the server on a machine of one's own: the unit of systemd, and the image.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './examples.js'

const unit = join(root, 'examples/service/kaiyuan.service')
const systemd = spawnSync('systemd-analyze', ['--version'])

it.skipIf(systemd.error !== undefined)('systemd takes the unit, and its user may do little', () => {
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  expect([verified.stderr, verified.status]).toEqual(['', 0])
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=40', unit])
  expect(judged.status).toBe(0)
})

it('the image copies what there is, listens on the port that it exposes, and has an end by SIGTERM', () => {
  const text = readFileSync(join(root, 'examples/container/Dockerfile'), 'utf8')
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '))
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([])
  expect(copied).toContain('package-lock.json')
  const port = /^EXPOSE (\d+)$/m.exec(text)?.[1]
  expect(text).toContain(`http://127.0.0.1:${port}/ready`)
  expect(text).toMatch(/^STOPSIGNAL SIGTERM$/m)
})
