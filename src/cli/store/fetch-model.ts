import { UserError } from '../../errors.js'
import { checkOffer } from '../../remote/in-process.js'
import type { NamedModel } from '../../store/names/named.js'
import { resolveModel, type ResolveOptions } from '../../store/resolve.js'
import type { PullOptions, StoredModel } from '../../store/store.js'
import { loadOptions, type LoadFlags } from '../flags.js'
import { askBefore } from './consent.js'
import { DownloadView } from './download-view.js'

export type ByName = Extract<NamedModel, { kind: 'model' }>

/** Fetches a model, and shows how far it is. */
export async function fetchModel(
  named: ByName,
  flags: LoadFlags,
  { mayAsk = false, ...asked }: PullOptions & Pick<ResolveOptions, 'refresh'> & { readonly mayAsk?: boolean },
  view: DownloadView = new DownloadView(named.name),
): Promise<StoredModel> {
  try {
    const model = await resolveModel({}, named, {
      ...asked,
      onProgress: (progress) => view.show(progress),
      onNote: (note) => view.note(note),
      admit: async (offer) => {
        view.offer(offer)
        await checkOffer(offer, loadOptions(flags))
        if (mayAsk) await askBefore(offer, flags.yes)
      },
    })
    view.end(model)
    return model
  } catch (error) {
    view.stop()
    if (error instanceof UserError && error.code === 'aborted')
      throw new UserError(`stopped; what came is kept, and kaiyuan pull ${named.name} resumes it`, 'aborted', {
        cause: error,
      })
    throw error
  }
}
