import { deepseekV3, deepseekV31 } from '../../src/chat/dialects/deepseek.js'
import { dsmlV32, dsmlV4, dsmlV41 } from '../../src/chat/dialects/dsml.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { glm45, glm47, longcat } from '../../src/chat/dialects/glm.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { hermes } from '../../src/chat/dialects/hermes.js'
import { kimiK2 } from '../../src/chat/dialects/kimi-k2.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { llama3, llama4Json, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { minimax } from '../../src/chat/dialects/minimax.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import { mistral, mistralList } from '../../src/chat/dialects/mistral.js'
import { qwenXml } from '../../src/chat/dialects/qwen-xml.js'
import { think } from '../../src/chat/dialects/think.js'

export const DIALECTS = [
  ...[think, deepseekV3, deepseekV31, dsmlV32, dsmlV4, dsmlV41, gemma4, glm45, glm47, longcat, harmony, hermes],
  ...[kimiK2, kimiK3, llama3, llama4Json, llama4Pythonic, minimax, minimaxM3, mistral, mistralList, qwenXml],
]
