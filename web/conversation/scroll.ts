import { signal } from '@preact/signals'

/** So near to the end is at the end, pixels. */
const NEAR = 48

/**
 * Follows the end of the log while the reader is there. Following ends in the reader's own movement, not by comparing positions
 * afterwards, and begins again where the end is reached.
 */
export class Follower {
  readonly isAtEnd = signal(true)
  private following = true
  /** The next event of scrolling may tell of what was done here. */
  private isOwn = false

  constructor(private readonly log: HTMLElement) {
    const leave = (): void => void (this.following = false)
    log.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && leave(), { passive: true })
    log.addEventListener('touchmove', leave, { passive: true })
    log.addEventListener('keydown', ({ key }) => ['PageUp', 'Home', 'ArrowUp'].includes(key) && leave())
    log.addEventListener('pointerdown', ({ target }) => target === log && leave())
    log.addEventListener('scroll', () => this.scrolled(), { passive: true })
    new ResizeObserver(() => this.grown()).observe(log.firstElementChild ?? log)
  }

  /** To the end, and from now on after it. */
  toEnd(): void {
    this.following = true
    this.write()
    this.look()
  }

  private scrolled(): void {
    this.look()
    // Only where the reader went to the end himself.
    if (this.isAtEnd.value && !this.isOwn) this.following = true
    this.isOwn = false
  }

  private grown(): void {
    if (this.following) this.write()
    this.look()
  }

  private write(): void {
    const before = this.log.scrollTop
    this.log.scrollTop = this.log.scrollHeight
    this.isOwn = this.log.scrollTop !== before
  }

  private look(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.log
    this.isAtEnd.value = scrollHeight - scrollTop - clientHeight <= NEAR
  }
}
