import { expect, it, vi } from 'vitest'
import { race } from '../../src/cli/race/race.js'

// The page itself is made by the build.
vi.mock('../../src/cli/race/page.js', () => ({ writePage: () => Promise.resolve() }))

it('race prints JSON next to a page, or else where the page is', async () => {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  await race({ ruler: 'eci', lang: 'en', html: 'x.html', json: true })
  await race({ ruler: 'eci', lang: 'en', html: 'x.html' })
  const [json, place] = stdout.mock.calls.map(([text]) => String(text))
  stdout.mockRestore()
  expect(JSON.parse(json!)).toHaveProperty('sentence')
  expect(place).toBe('x.html\n')
})
