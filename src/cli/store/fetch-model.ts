import { UserError } from '../../errors.js'
import { checkOffer } from '../../remote/in-process.js'
import type { NamedModel } from '../../store/names/named.js'
import { resolveModel, type ResolveOptions } from '../../store/resolve.js'
import type { PullOptions, StoredModel } from '../../store/store.js'
import { loadOptions, type LoadFlags } from '../flags.js'
import { askAt, askBefore, type Ask } from './consent.js'
import { DownloadView } from './download-view.js'

export type ByName = Extract<NamedModel, { kind: 'model' }>

interface Asked extends PullOptions, Pick<ResolveOptions, 'refresh'> {
  /** Ask before much is fetched: at the terminal, or by what has the terminal for itself. */
  readonly mayAsk?: boolean | Ask
}

/** Fetches a model, and shows how far it is. */
export async function fetchModel(
  named: ByName,
  flags: LoadFlags,
  { mayAsk = false, ...asked }: Asked,
  view: DownloadView = new DownloadView(named.name),
): Promise<StoredModel> {
  let isDeclined = false
  try {
    const model = await resolveModel({}, named, {
      ...asked,
      onProgress: (progress) => view.show(progress),
      onNote: (note) => view.note(note),
      admit: async (offer) => {
        view.offer(offer)
        await checkOffer(offer, loadOptions(flags))
        if (mayAsk === false) return
        isDeclined = true
        await askBefore(offer, flags.yes, mayAsk === true ? askAt() : mayAsk)
        isDeclined = false
      },
    })
    view.end(model)
    return model
  } catch (error) {
    view.stop()
    // Who said no is told that nothing came.
    if (!isDeclined && error instanceof UserError && error.code === 'aborted')
      throw new UserError(`stopped; what came is kept, and kaiyuan pull ${named.name} resumes it`, 'aborted', {
        cause: error,
      })
    throw error
  }
}
