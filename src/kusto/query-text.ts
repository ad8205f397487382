/**
 * What must be known of a query's text, without knowing the language: where its last statement ends, and which
 * parameters it declares. Nothing is ever joined into the text but operators of our own.
 */

/** The text of a query's file: UTF-8, or UTF-16 with a mark, as PowerShell's `>` writes it. */
export function readQueryText(file: Uint8Array): string {
  const [first, second] = file;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(file);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(file);
  return new TextDecoder().decode(file);
}

/** A string, a comment, a name, or a single character, as KQL cuts them. */
const TOKEN =
  /\s+|\/\/[^\r\n]*|[hH]?(?:@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'|```[\s\S]*?```|~~~[\s\S]*?~~~)|\w+|[\s\S]/gy;

interface Token {
  readonly text: string;
  /** Where the next one begins. */
  readonly end: number;
}

/** The tokens that mean something. */
function tokenize(text: string): Token[] {
  return [...text.matchAll(TOKEN)]
    .map((match) => ({ text: match[0], end: match.index + match[0].length }))
    .filter((token) => token.text.trim() !== "" && !token.text.startsWith("//"));
}

/**
 * The query with more operators behind it: `tail` begins with `|`. What follows the last statement (a semicolon, a
 * comment) is left out; positions in the text before it stay what they were, for the service's messages.
 */
export function piped(text: string, tail: string): string {
  const last = tokenize(text).findLast((token) => token.text !== ";");
  return `${text.slice(0, last?.end ?? 0)}\n${tail}`;
}

/** One of a query's `declare query_parameters(name:type = default, ...)`. */
export interface DeclaredParameter {
  readonly name: string;
  /** Kusto's name of the type, in lower case. */
  readonly type: string;
  readonly hasDefault: boolean;
}

/** The parameters that a query declares; what is not well formed is left to the service to tell. */
export function declaredParameters(text: string): DeclaredParameter[] {
  const tokens = tokenize(text).map((token) => token.text);
  return tokens.flatMap((token, at) => {
    const isDeclaration =
      token === "declare" && tokens[at + 1] === "query_parameters" && tokens[at + 2] === "(";
    return isDeclaration ? entriesFrom(tokens, at + 3) : [];
  });
}

function entriesFrom(tokens: readonly string[], start: number): DeclaredParameter[] {
  const entries: string[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(start)) {
    if (token === ")" && depth === 0) break;
    if (token === "," && depth === 0) {
      entries.push([]);
      continue;
    }
    if (token === "(" || token === "[" || token === "{") depth++;
    else if (token === ")" || token === "]" || token === "}") depth--;
    entries.at(-1)?.push(token);
  }
  return entries.flatMap(([name = "", colon, type = "", equals]) =>
    colon === ":" && /^\w+$/.test(name) && /^\w+$/.test(type)
      ? [{ name, type: type.toLowerCase(), hasDefault: equals === "=" }]
      : [],
  );
}
