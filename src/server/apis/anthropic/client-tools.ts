import type { ToolDefinition } from '../../../chat/message.js'
import { toolDefinition } from '../tool-calls.js'

/**
 * Tools whose schemas Anthropic's models know, and which the client runs: a request names their version alone. Other models are told
 * what they take. https://platform.claude.com/docs/en/agents-and-tools/tool-use/{bash,text-editor,memory}-tool
 */
interface KnownTool {
  readonly name: string
  readonly description: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly required: readonly string[]
}

const text = (description: string) => ({ type: 'string', description })
const PATH = text('The file or folder.')
const LINES = {
  type: 'array',
  items: { type: 'integer' },
  description: 'view: the first and the last line; -1 is the end.',
}
const LINE = { type: 'integer', description: 'insert: the line after which the text goes; 0 is the beginning.' }
const FILE_TEXT = text('create: what the file will have in it.')
const OLD = text('str_replace: the text to replace, exactly as it is, and only once in the file.')
const NEW = text('str_replace: the text that takes its place.')
const INSERTED = text('insert: the text to insert.')

const BASH: KnownTool = {
  name: 'bash',
  description: 'Runs commands in a bash shell that stays open between calls.',
  properties: {
    command: text('The command to run.'),
    restart: { type: 'boolean', description: 'True: the shell is started again, and no command is needed.' },
  },
  required: [],
}

function editor(name: string, commands: readonly string[], inserted: Readonly<Record<string, unknown>>): KnownTool {
  return {
    name,
    description: 'Shows, creates and edits text files.',
    properties: {
      command: { type: 'string', enum: commands, description: 'What to do.' },
      path: PATH,
      view_range: LINES,
      file_text: FILE_TEXT,
      old_str: OLD,
      new_str: NEW,
      insert_line: LINE,
      ...inserted,
    },
    required: ['command', 'path'],
  }
}

const EDITS = ['view', 'create', 'str_replace', 'insert']
const NEW_OR_INSERTED = { new_str: text('str_replace: the text that takes its place. insert: the text to insert.') }
const OLDEST_EDITOR = editor('str_replace_editor', [...EDITS, 'undo_edit'], NEW_OR_INSERTED)

const MEMORY: KnownTool = {
  name: 'memory',
  description: 'Keeps notes in files under /memories, which later conversations can read.',
  properties: {
    ...editor('memory', [...EDITS, 'delete', 'rename'], { insert_text: INSERTED }).properties,
    old_path: text('rename: the path as it is.'),
    new_path: text('rename: the path as it will be.'),
  },
  required: ['command'],
}

const KNOWN: Readonly<Record<string, KnownTool>> = {
  bash_20241022: BASH,
  bash_20250124: BASH,
  text_editor_20241022: OLDEST_EDITOR,
  text_editor_20250124: OLDEST_EDITOR,
  text_editor_20250429: editor('str_replace_based_edit_tool', EDITS, NEW_OR_INSERTED),
  text_editor_20250728: editor('str_replace_based_edit_tool', EDITS, { insert_text: INSERTED }),
  memory_20250818: MEMORY,
}

/** The definition of a tool that Anthropic has defined and the client runs; undefined for all others. */
export function clientTool(type: string, name: string | undefined): ToolDefinition | undefined {
  const known = Object.hasOwn(KNOWN, type) ? KNOWN[type] : undefined
  if (!known) return undefined
  const { description, properties, required } = known
  return toolDefinition({ name: name ?? known.name, description, parameters: { type: 'object', properties, required } })
}
