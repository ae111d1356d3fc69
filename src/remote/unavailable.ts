/** Why an engine does not answer: its model is being loaded, it stopped in the middle of a call, or it will not come back. */
export type UnavailableReason = 'model_loading' | 'engine_stopped' | 'model_unavailable'

/** The engine does not answer now. Nobody's mistake: the same call may succeed after `retryAfter` seconds. */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable'
  constructor(
    message: string,
    readonly reason: UnavailableReason,
    /** Seconds after which trying again is worthwhile; undefined where it is not. */
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}
