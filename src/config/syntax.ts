import { type Document, type LineCounter, visit, type YAMLError } from 'yaml';

/** A place where the file is not YAML. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What is wrong and how to mend it. The text of the file is not repeated: it may be a secret. */
const EXPLANATIONS: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab is used for indentation; YAML wants spaces',
  DUPLICATE_KEY: 'the key stands here a second time; keep one of the two',
  BAD_INDENT: 'the indentation does not fit; entries of one mapping or list begin in one column',
  BAD_SCALAR_START: 'a text that begins with @ or ` must be in quotes, such as "@shop.example"',
  BLOCK_AS_IMPLICIT_KEY:
    'a second colon on the line; put a text with a colon and a space in quotes, or begin a new line',
  MULTILINE_IMPLICIT_KEY: 'a key that goes over several lines; is a colon or a quote missing?',
  BLOCK_IN_FLOW: 'a block inside { } or [ ]; write it with commas, or without the brackets',
  MISSING_CHAR: 'a closing quote, bracket or comma, or a colon, is missing before this place',
  BAD_DQ_ESCAPE: 'no such escape in double quotes; write \\\\ for a backslash or use single quotes',
  MULTIPLE_DOCS: 'a second document begins here; relay.yaml is one, so remove the ---',
  UNEXPECTED_TOKEN: 'this does not belong here; look at the indentation and quotes before it',
  NON_STRING_KEY: 'a key must be plain text',
  TAG_RESOLVE_FAILED:
    'YAML tags (words that begin with !) mean nothing here; put the text in quotes',
  BAD_ALIAS: 'a text that begins with * must be in quotes, such as "*"',
  BAD_DIRECTIVE: 'YAML directives (lines that begin with %) mean nothing here',
};

/** All syntax faults of the document, in the order of the file, one a line. */
export function syntaxFaults(
  yaml: Document.Parsed,
  lines: LineCounter,
  text: string,
): SyntaxFault[] {
  const at = (offset: number, message: string): SyntaxFault => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, message };
  };
  const faults = [...yaml.errors, ...yaml.warnings].map((error) =>
    at(error.pos[0], explain(error, text)),
  );
  visit(yaml, {
    Alias: (_key, node) => {
      if (node.resolve(yaml) !== undefined) return;
      faults.push(at(node.range?.[0] ?? 0, EXPLANATIONS.BAD_ALIAS ?? 'an unknown alias'));
    },
    Scalar: (role, node) => {
      // The schema would drop it without a word: to JavaScript it is no ordinary key.
      if (role !== 'key' || node.value !== '__proto__') return;
      faults.push(at(node.range?.[0] ?? 0, '__proto__ cannot be a name'));
    },
  });
  const ordered = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return ordered.filter((fault, index) => fault.line !== ordered[index - 1]?.line);
}

function explain(error: YAMLError, text: string): string {
  const lineStart = text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  // The parser calls some tabs an unexpected token or bad indentation.
  if (/^ *\t/.test(text.slice(lineStart))) return EXPLANATIONS.TAB_AS_INDENT ?? error.code;
  // An open bracket shows only where the next line begins, as bad indentation.
  if (error.code === 'BAD_INDENT' && error.message.startsWith('Flow')) {
    return 'a { or [ is not closed before this place';
  }
  return EXPLANATIONS[error.code] ?? `not YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`;
}
