import { describe, expect, it } from 'vitest'
import { processorQuota } from '../../src/control-groups.js'

const quotaOf = (files: Readonly<Record<string, string>>): number | undefined => processorQuota((path) => files[path])

describe('processors that a process may use', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['none on a machine without groups', {}, undefined],
    [
      'none where no group has a limit',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
      undefined,
    ],
    ['a container', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' }, 1.5],
    [
      'the least of a unit and the groups above it',
      {
        '/proc/self/cgroup': '0::/a.slice/b.service\n',
        '/sys/fs/cgroup/a.slice/b.service/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/a.slice/cpu.max': '200000 100000\n',
      },
      2,
    ],
    [
      'the first version of groups, in a container that shows its path outside',
      {
        '/proc/self/cgroup': '9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      0.5,
    ],
    [
      'no limit of the first version',
      {
        '/proc/self/cgroup': '4:cpu:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      undefined,
    ],
    ['nothing of what is no number', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'a b\n' }, undefined],
  ])('%s', (_, files, expected) => {
    expect(quotaOf(files)).toBe(expected)
  })
})
