// Whether a model fits the memory that is left: what a machine says of itself, the comparison, and the refusal before a load.
import { describe, expect, it } from 'vitest'
import { findBackend } from '../../src/backends/registry.js'
import type { MemoryNeeds } from '../../src/backends/backend.js'
import { admission } from '../../src/engine/measure/admit.js'
import { fitText, memoryFit } from '../../src/engine/measure/fit.js'
import { machineMemory, type MachineMemory } from '../../src/engine/measure/memory.js'
import { needsOf } from '../../src/engine/measure/plan.js'
import type { LoadOptions } from '../../src/engine/options.js'
import { UserError } from '../../src/errors.js'
import { buildProgram } from '../../src/models/registry.js'
import { syntheticCheckpoint } from '../../src/models/shapes.js'

const GB = 1e9
const MEMINFO = 'MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n'
const machine = (availableBytes: number): MachineMemory => ({ availableBytes, totalBytes: 32 * GB, limit: 'machine' })

describe('the memory of a machine', () => {
  const of = (files: Record<string, string>): MachineMemory | undefined =>
    machineMemory((path) => ({ '/proc/meminfo': MEMINFO, ...files })[path])
  const stat = (inactive: number): string => `anon 5\ninactive_file ${inactive}\nactive_file 7\n`

  it.each<[string, Record<string, string>, number, MachineMemory['limit']]>([
    ['is what the kernel calls available', {}, 20_000_000 * 1024, 'machine'],
    [
      'is what a control group leaves, its page cache counted as free',
      {
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/memory.max': '2000000000\n',
        '/sys/fs/cgroup/memory.current': '700000000\n',
        '/sys/fs/cgroup/memory.stat': stat(500_000_000),
      },
      1_800_000_000,
      'cgroup',
    ],
    [
      'is held by a group above the own one',
      {
        '/proc/self/cgroup': '0::/user.slice/app\n',
        '/sys/fs/cgroup/user.slice/app/memory.max': 'max\n',
        '/sys/fs/cgroup/user.slice/app/memory.current': '1\n',
        '/sys/fs/cgroup/user.slice/memory.max': '3000000000\n',
        '/sys/fs/cgroup/user.slice/memory.current': '1000000000\n',
      },
      2_000_000_000,
      'cgroup',
    ],
    [
      'is held by memory.high, above which a group is slowed down',
      {
        '/proc/self/cgroup': '0::/a\n',
        '/sys/fs/cgroup/a/memory.max': '3000000000\n',
        '/sys/fs/cgroup/a/memory.high': '1500000000\n',
        '/sys/fs/cgroup/a/memory.current': '500000000\n',
      },
      1_000_000_000,
      'cgroup',
    ],
    [
      'is held by a group of the first version, whose path a container may not see',
      {
        '/proc/self/cgroup': '9:cpu,cpuacct:/\n4:memory:/docker/abc\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1000000000\n',
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': '900000000\n',
        '/sys/fs/cgroup/memory/memory.stat': 'cache 1\ntotal_inactive_file 300000000\n',
      },
      400_000_000,
      'cgroup',
    ],
    [
      'is not held by a limit above what there is',
      {
        '/proc/self/cgroup': '4:memory:/\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': '900000000\n',
      },
      20_000_000 * 1024,
      'machine',
    ],
  ])('%s', (_, files, availableBytes, limit) => {
    expect(of(files)).toMatchObject({ availableBytes, limit })
  })

  it('is known here', () => {
    const memory = machineMemory()
    expect(memory!.availableBytes).toBeGreaterThan(1e6)
    expect(memory!.totalBytes).toBeGreaterThanOrEqual(memory!.availableBytes)
  })
})

describe('a fit', () => {
  const needs: MemoryNeeds = {
    ...{ weightBytes: 2 * GB, activeWeightBytes: GB, pageBytes: 1e6, slotBytes: 0, workBytes: 36e6 - 32e6 },
  }
  const one = { threads: 2 }

  it('reckons with 8,192 tokens unless asked otherwise, and says the longest context', () => {
    const fit = memoryFit(needs, 100_000, machine(4 * GB), one)
    expect(fit).toMatchObject({ fits: true, contextLength: 8192, weightBytes: 2 * GB })
    expect(fit.needBytes).toBe(fit.weightBytes + fit.cacheBytes + fit.workBytes)
    expect(memoryFit(needs, 100_000, machine(4 * GB), { ...one, contextLength: fit.longestContext }).fits).toBe(true)
    expect(memoryFit(needs, 100_000, machine(4 * GB), { ...one, contextLength: fit.longestContext + 64 }).fits).toBe(
      false,
    )
    expect(memoryFit(needs, 4096, machine(4 * GB), one)).toMatchObject({ contextLength: 4096, longestContext: 4096 })
  })

  it('is said in one line', () => {
    expect(fitText(memoryFit(needs, 4096, machine(21.4 * GB), one))).toMatch(/^yes, 2\.\d of 21\.4 GB$/)
    expect(fitText(memoryFit(needs, 4096, machine(1 * GB), one))).toMatch(/^no, 2\.\d of 1\.0 GB$/)
    expect(fitText(memoryFit({ ...needs, pageBytes: 10e6 }, 1e6, machine(2.8 * GB), one))).toMatch(
      /^yes, up to [\d,]+ tokens/,
    )
  })
})

describe('a load that does not fit', async () => {
  const checkpoint = syntheticCheckpoint('qwen3-0.6b:bf16')
  const program = await buildProgram(checkpoint)
  const backend = await findBackend()
  const needsWith = (options: LoadOptions): MemoryNeeds => needsOf(backend, program, checkpoint, options)
  const needOf = (options: LoadOptions): number =>
    memoryFit(needsWith(options), program.contextLength, machine(0), { threads: 1, contextLength: 2048 }).needBytes

  function refusal(availableBytes: number, options: LoadOptions): UserError | undefined {
    const given = { threads: 1, ...options }
    try {
      admission(backend, program, checkpoint, given, { memory: machine(availableBytes) })(needsWith(given))
    } catch (error) {
      if (error instanceof UserError) return error
      throw error
    }
    return undefined
  }

  it.each<[string, LoadOptions, LoadOptions, string]>([
    ['a smaller cache', { contextLength: 2048 }, { kvCache: 'q8', contextLength: 2048 }, "try kvCache: 'q8' or force"],
    [
      'rounded weights',
      { contextLength: 2048 },
      { quantize: 'q5', contextLength: 2048 },
      "try quantize: 'q5' or force",
    ],
    [
      'weights in the fewest bits',
      { contextLength: 2048 },
      { quantize: 'q4', contextLength: 2048 },
      "try quantize: 'q4' or force",
    ],
  ])('names what would: %s', (_, asked, changed, remedy) => {
    const room = needOf(changed) + (needOf(asked) - needOf(changed)) / 8
    const error = refusal(room, asked)
    expect(error).toMatchObject({ code: 'out_of_memory' })
    expect(error?.message).toMatch(
      /^synthetic qwen3-0\.6b:bf16 does not fit: it needs \d\.\d GB of memory \(weights .* and \d\.\d GB of the 32\.0 GB/,
    )
    expect(error?.message).toContain(remedy)
    expect(refusal(room, { ...asked, ...changed })).toBeUndefined()
    expect(refusal(room, { ...asked, force: true })).toBeUndefined()
  })

  it('names the context that would, where a longer one was asked for', () => {
    const error = refusal(needOf({}) + 100e6, { contextLength: 40_000 })
    const [, tokens] = /try contextLength: (\d+) or force/.exec(error?.message ?? '') ?? []
    expect(Number(tokens)).toBeGreaterThan(2048)
    expect(refusal(needOf({}) + 100e6, { contextLength: Number(tokens) })).toBeUndefined()
  })

  it('keeps the weights of exact as they are, so that nothing but a larger machine helps', () => {
    expect(refusal(1e8, { precision: 'exact' })?.message).toMatch(/available; try force$/)
  })

  it('is refused by loadEngine before a byte of weights is read', async () => {
    const { loadEngineFrom } = await import('../../src/engine/load.js')
    const read: string[] = []
    const huge = syntheticCheckpoint('llama4-behemoth:f32:12')
    const watched = {
      ...huge,
      tensor: (...asked: Parameters<typeof huge.tensor>) => {
        const tensor = huge.tensor(...asked)
        return { ...tensor, readRows: () => (read.push(asked[0]), Promise.reject(new Error('read'))) }
      },
    }
    // 2 TB: more than any machine that runs this has.
    await expect(loadEngineFrom(watched, { precision: 'exact' })).rejects.toMatchObject({ code: 'out_of_memory' })
    expect(read).toEqual([])
  })
})
