/** Microsoft's own parser of KQL, with the tables that docs/kusto.md names. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** What is used of the library; its own types are made for browsers. */
interface Language {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: unknown): ParsedCode };
  readonly GlobalState: { readonly Default: unknown };
}

interface ParsedCode {
  readonly Syntax: SyntaxNode;
  readonly ResultType: {
    readonly Columns?: List<{ readonly Name: string; readonly Type: { readonly Name: string } }>;
  };
  GetDiagnostics(): List<{ readonly Code: string; readonly Message: string }>;
}

interface SyntaxNode {
  readonly ChildCount: number;
  /** A text, or an object of the library for other types; null when the node is no literal. */
  readonly LiteralValue?: unknown;
  GetChild(at: number): SyntaxNode | null;
}

interface List<T> {
  readonly Count: number;
  getItem(at: number): T;
}

const require = createRequire(import.meta.url);

function language(): Language {
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  return (globalThis as unknown as { readonly Kusto: { readonly Language: Language } }).Kusto.Language;
}

export const DOCS = readFileSync(join(import.meta.dirname, "..", "..", "docs", "kusto.md"), "utf8");

/** The KQL in the docs' code blocks. */
export function kqlInDocs(): string[] {
  return [...DOCS.matchAll(/```kusto\n([^]*?)```/g)].map((match) => match[1] ?? "");
}

/** The tables as the docs declare them, as statements of a query. */
function schema(): string {
  const tables = [...DOCS.matchAll(/^\.create table (\w+) (\([^)]+\))$/gm)];
  return tables.map(([, name, columns]) => `let ${name}=datatable${columns}[];\n`).join("");
}

export interface ParsedKql {
  /** What the parser finds wrong; empty when all is well. */
  readonly problems: readonly string[];
  /** `name:type` of each column of the result. */
  readonly columns: readonly string[];
}

/** Parses a query against the documented tables. */
export function parseKql(text: string): ParsedKql {
  const { KustoCode, GlobalState } = language();
  const code = KustoCode.ParseAndAnalyze(schema() + text, GlobalState.Default);
  return {
    problems: items(code.GetDiagnostics()).map(({ Code, Message }) => `${Code} ${Message}`),
    columns: items(code.ResultType.Columns).map(({ Name, Type }) => `${Name}:${Type.Name}`),
  };
}

/** The texts that the parser reads in a literal: itself, or the items of a list. @throws when it is not one literal */
export function textsInLiteral(literal: string): readonly string[] {
  const { KustoCode, GlobalState } = language();
  const code = KustoCode.ParseAndAnalyze(`print ${literal}`, GlobalState.Default);
  const problems = items(code.GetDiagnostics()).map(({ Code, Message }) => `${Code} ${Message}`);
  if (problems.length > 0) throw new Error(problems.join("; "));
  const texts = (node: SyntaxNode): string[] => {
    const children = Array.from({ length: node.ChildCount }, (_, at) => node.GetChild(at));
    const inside = children.flatMap((child) => (child === null ? [] : texts(child)));
    // A list has a value, too: its text.
    return inside.length === 0 && typeof node.LiteralValue === "string" ? [node.LiteralValue] : inside;
  };
  return texts(code.Syntax);
}

function items<T>(list: List<T> | undefined): T[] {
  return Array.from({ length: list?.Count ?? 0 }, (_, at) => list?.getItem(at) as T);
}
