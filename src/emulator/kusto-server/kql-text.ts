/** Takes a query's text apart, no further than the stand-in needs. */
import { syntaxError } from "./service-refusal.ts";

/** A comment, a literal (verbatim, then with escapes), or one character. */
const TOKENS = /\/\/[^\n]*|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[^]/g;
const OPENING = "([{";
const CLOSING = ")]}";

/**
 * Splits at a character outside of brackets, literals and comments; comments are left out, pieces are trimmed.
 *
 * @throws ServiceRefusal when brackets or quotes do not match
 */
export function splitOutside(text: string, at: string): string[] {
  const pieces = [""];
  const open: string[] = [];
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith("//")) continue;
    if (token === '"' || token === "'")
      throw syntaxError("A recognition error occurred: a quote is not closed.");
    if (OPENING.includes(token)) open.push(token);
    if (CLOSING.includes(token) && open.pop() !== OPENING[CLOSING.indexOf(token)]) {
      throw syntaxError(`A recognition error occurred at '${token}'.`);
    }
    if (token === at && open.length === 0) pieces.push("");
    else pieces.push(`${pieces.pop() ?? ""}${token}`);
  }
  if (open.length > 0) throw syntaxError(`A recognition error occurred: '${open.join("")}' is not closed.`);
  return pieces.map((piece) => piece.trim());
}

/** A query: the types and defaults of its declared parameters, and its operators, the table first. */
export interface QueryText {
  readonly declared: ReadonlyMap<string, { readonly type: string; readonly fallback: string | undefined }>;
  /** `["Files", "where ...", "project ..."]` */
  readonly operators: readonly string[];
}

/** @throws ServiceRefusal */
export function readQueryText(text: string): QueryText {
  const declared = new Map<string, { type: string; fallback: string | undefined }>();
  const bound = new Map<string, string>();
  let last = "";
  for (const statement of splitOutside(text, ";").filter((one) => one !== "")) {
    const declaration = /^declare\s+query_parameters\s*\(([^]*)\)$/.exec(statement);
    const binding = /^let\s+(\w+)\s*=\s*([^]*)$/.exec(statement);
    if (declaration !== null) {
      for (const one of splitOutside(declaration[1] ?? "", ",")) {
        const [, name, type, fallback] = /^(\w+)\s*:\s*(\w+)\s*(?:=\s*([^]*))?$/.exec(one) ?? [];
        if (name === undefined || type === undefined) throw syntaxError(`Unexpected: ${one}`);
        declared.set(name, { type, fallback });
      }
    } else if (binding !== null) bound.set(binding[1] ?? "", binding[2] ?? "");
    else if (!/^set\s/.test(statement)) last = statement;
  }
  if (last === "") throw syntaxError("A recognition error occurred: there is no tabular statement.");
  return { declared, operators: splitOperators(last, bound) };
}

/** Names that `let` bound to a tabular expression are replaced by it. */
function splitOperators(statement: string, bound: ReadonlyMap<string, string>): string[] {
  const [head = "", ...rest] = splitOutside(statement, "|");
  const inner = /^\(([^]*)\)$/.exec(head)?.[1] ?? bound.get(head);
  if (inner === undefined) return [head, ...rest];
  const others = new Map(bound);
  others.delete(head);
  return [...splitOperators(inner, others), ...rest];
}
