/** Rendering takes at most this part of the time, whatever comes. */
const SHARE = 4

/**
 * Calls `render` once a frame at most, and not sooner than four times what the last call took after it. A hidden page is not
 * rendered: its text waits.
 */
export class Pace {
  private asked = false
  private notBefore = 0

  constructor(private readonly render: () => void) {}

  ask(): void {
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => this.frame())
  }

  private frame(): void {
    const begun = performance.now()
    if (begun < this.notBefore) {
      requestAnimationFrame(() => this.frame())
      return
    }
    this.asked = false
    this.render()
    this.notBefore = performance.now() + SHARE * (performance.now() - begun)
  }
}
