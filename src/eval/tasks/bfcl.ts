/**
 * BFCL v4: which tools are called, and with what. Patil et al., ICML 2025. The parts whose answers are compared as syntax trees; names of
 * tools are sent with `_` in place of dots.
 */
import { fromJavaScript, jsonText, parseJson } from '../../chat/python/json.js'
import { Dict, type Value } from '../../chat/python/values.js'
import { UserError } from '../../errors.js'
import {
  answersOf,
  callsOf,
  mismatchOf,
  type CallKind,
  type CallLanguage,
  type FunctionDescription,
  type Question,
} from '../bfcl/matcher.js'
import { toJson, toolOf } from '../bfcl/tools.js'
import type { DataFile } from '../data/data-file.js'
import type { AnsweredCall, Grade, Item, Task, TaskMessage } from '../task/task.js'

const PACKAGE = 'bfcl-eval==2026.3.23'
const text = new TextDecoder('utf-8', { fatal: true })

interface Part {
  readonly name: string
  readonly title: string
  readonly language: CallLanguage
  /** none: nothing may be called. */
  readonly kind: CallKind | 'none'
  readonly questions: readonly [bytes: number, sha256: string]
  readonly answers?: readonly [bytes: number, sha256: string]
}

function bfcl({ name, title, language, kind, questions, answers }: Part): Task {
  const file = `BFCL_v4_${name}.json`
  const files: DataFile[] = [dataFile('questions', file, questions)]
  if (answers) files.push(dataFile('answers', `possible_answer/${file}`, answers))
  return {
    name: `bfcl_${name}`,
    title,
    version: 'v4 2026.3.23',
    class: 'generation',
    license: 'Apache-2.0',
    files,
    metrics: ['acc'],
    shots: 0,
    writing: { stop: [], maxTokens: 1024 },
    read: (found) => {
      const right = answers && new Map(linesOf(found.get('answers')!, name).map((line) => [idOf(line), line]))
      return {
        items: linesOf(found.get('questions')!, name).map((line) => itemOf(line, right?.get(idOf(line)), language)),
      }
    },
    score: (item, { calls }) => (kind === 'none' ? gradeOfNone(calls) : gradeOf(item, calls, { kind, language })),
  }
}

function dataFile(name: string, path: string, [bytes, sha256]: readonly [number, string]): DataFile {
  return { name, bytes, sha256, source: { package: PACKAGE, path: `bfcl_eval/data/${path}` } }
}

/** Documents with the numbers that Python reads. */
function linesOf(bytes: Uint8Array, name: string): Dict[] {
  const lines = text
    .decode(bytes)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return lines.map((line, i) => {
    const value = parseJson(line)
    if (value instanceof Dict) return value
    throw new UserError(`bfcl_${name}, line ${i + 1}: expected a JSON object`, 'invalid_file')
  })
}

function idOf(line: Dict): string {
  const id = line.get('id')
  return typeof id === 'string' ? id : ''
}

/** @param right the line of the answers with the same id */
function itemOf(line: Dict, right: Dict | undefined, language: CallLanguage): Item {
  const [question, functions] = [line.get('question'), line.get('function')]
  if (!Array.isArray(functions) || !Array.isArray(question) || question.length !== 1)
    throw new UserError(`BFCL's ${idOf(line)}: expected functions and one turn of messages`, 'invalid_file')
  const messages = (Array.isArray(question[0]) ? question[0] : []).map(messageOf)
  return {
    doc: toJson(Dict.of(Object.entries({ id: idOf(line), question, function: functions }))),
    text: messages.map(({ content }) => content).join('\n\n'),
    // As text, in which floats are told from whole numbers.
    answer: jsonText(right?.get('ground_truth') ?? [], { ensureAscii: true }),
    messages,
    tools: functions.map((one) => toolOf(one, language)),
  }
}

function messageOf(message: Value): TaskMessage {
  const [role, content] = message instanceof Dict ? [message.get('role'), message.get('content')] : []
  if ((role !== 'user' && role !== 'system' && role !== 'assistant') || typeof content !== 'string')
    throw new UserError('a message of BFCL: expected a role and a content', 'invalid_file')
  return { role, content }
}

function gradeOf(
  { doc, answer }: Item,
  calls: readonly AnsweredCall[],
  { kind, language }: Pick<Question, 'kind' | 'language'>,
): Grade {
  const decoded = callsOf(calls.map(({ name, arguments: given }) => ({ name, arguments: argumentsOf(given) })))
  if (!decoded || decoded.length === 0)
    return graded(false, decoded ? 'no call' : 'arguments that are no JSON object', true)
  const question: Question = {
    kind,
    language,
    functions: doc['function'] as readonly FunctionDescription[],
    answers: answersOf(parseJson(answer)),
    hasDotsReplaced: true,
  }
  const mismatch = mismatchOf(question, decoded)
  return graded(mismatch === undefined, mismatch ? `${mismatch.kind}: ${mismatch.reason}` : 'as expected', false)
}

/** Nothing is called, or nothing that could be read. */
function gradeOfNone(calls: readonly AnsweredCall[]): Grade {
  const hasCall = calls.some(({ arguments: given }) => argumentsOf(given) instanceof Dict)
  return graded(!hasCall, hasCall ? 'a call, where none fits' : 'no call', false)
}

function graded(isRight: boolean, why: string, isInvalid: boolean): Grade {
  return { scores: { acc: isRight ? 1 : 0 }, extracted: [why], isInvalid }
}

function argumentsOf(given: AnsweredCall['arguments']): Value | undefined {
  return typeof given === 'string' ? parseJson(given) : fromJavaScript(given)
}

/** The parts, by the names of bfcl-eval. */
export const bfclTasks: readonly Task[] = [
  bfcl({
    name: 'simple_python',
    title: 'one function of Python to call',
    language: 'python',
    kind: 'simple',
    questions: [283274, '82dd63ba502eb2520c6b5d1d9a5c4b590e03ff261565175561f6228a367d1991'],
    answers: [63627, '90cd5bc653690ee8e459b5b3f3fc9458606f7f3fcbf795bb51b7dc581f8c86dc'],
  }),
  bfcl({
    name: 'simple_java',
    title: 'one function of Java to call',
    language: 'java',
    kind: 'simple',
    questions: [86619, '13d2303a125b08754f0e41995b9273b5005fa8ed8ebfaa24ef53b4d83c4b5c6e'],
    answers: [16407, '78f25616084044fa05bbfcee68e03f6ececb222bdd5cb3b7783a675fb3366e35'],
  }),
  bfcl({
    name: 'simple_javascript',
    title: 'one function of JavaScript to call',
    language: 'javascript',
    kind: 'simple',
    questions: [47063, '329e67fedf79a6243d93dbda4b388d12bd2d31f1f2163d92cb6ef676d1764f44'],
    answers: [7881, 'e2f9f2e51d88e0c8056ffbf1a3dd3d02eb032532d2b5d98c9cc9003385bdd56b'],
  }),
  bfcl({
    name: 'multiple',
    title: 'one of several functions to call',
    language: 'python',
    kind: 'multiple',
    questions: [316583, 'aef168155ebd74b7ac2401198b201343bc7d16d7a3d7e0d4e6d8ee82c6969b2a'],
    answers: [32254, '244e00ce9395df948bcafc7bee64e8f9c87ef70887587d83cae45b13699f3047'],
  }),
  bfcl({
    name: 'parallel',
    title: 'a function to call several times',
    language: 'python',
    kind: 'parallel',
    questions: [171896, '19f51a82eff42e5d62541aa500115a056eb78f437c2ba1f10415fd7c8e5dda84'],
    answers: [66005, '8a6aa19c1adddc6a5a2f7e40f9dbf30cc7e95815e7b830c90589ab318229e0f0'],
  }),
  bfcl({
    name: 'parallel_multiple',
    title: 'several functions to call',
    language: 'python',
    kind: 'parallel',
    questions: [347080, '8863ea8433239f55c5f016154cf0830853c89f693c6ea270396a2fa121960579'],
    answers: [74602, '5ebf24f458c1f16300c05505d83d6f0a1b68b79be273a033febd0d4f840507e3'],
  }),
  bfcl({
    name: 'irrelevance',
    title: 'no function fits, and none may be called',
    language: 'python',
    kind: 'none',
    questions: [159940, '2b6ed4c2e992cdcf5f1678a701851f944bef7550ee026ed1ddb89efed5be01a6'],
  }),
]
