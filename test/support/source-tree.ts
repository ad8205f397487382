/** Reads `src/` as text, for the tests of its structure. It counts on the format that `oxfmt` gives every file. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "src");

export interface Import {
  /** Paths below `src/`. */
  readonly from: string;
  readonly to: string;
}

/** All source files, as paths below `src/`. */
export function sourceFiles(): string[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
}

export function readSource(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The first folder of a path. */
export function room(path: string): string {
  return path.split("/")[0] ?? "";
}

/** What the file imports of our own, dynamically as well. */
export function importsOf(file: string): Import[] {
  return [...readSource(file).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => ({
    from: file,
    to: normalize(join(dirname(file), match[1] ?? "")),
  }));
}

export interface Interface {
  readonly file: string;
  readonly name: string;
  readonly methods: number;
}

/** The interfaces that a file exports, also those of other files, with the number of their methods. */
export function exportedInterfaces(file: string): Interface[] {
  const text = readSource(file);
  const own = [...text.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm)].map(
    ([, name = "", body = ""]) => ({
      file,
      name,
      methods: (body.match(/^ {2}(?:\w+(?:<[^>]*>)?\(|(?:readonly )?\w+\??: \([^)]*\) =>)/gm) ?? []).length,
    }),
  );
  const others = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm)].flatMap(
    ([, names = "", from = ""]) => {
      const wanted = new Set(names.split(",").map((name) => name.trim().replace(/^type /, "")));
      const target = normalize(join(dirname(file), from));
      return exportedInterfaces(target).filter(({ name }) => wanted.has(name));
    },
  );
  return [...own, ...others];
}

export interface FunctionLength {
  /** `file:line: the declaration` */
  readonly name: string;
  readonly lines: number;
}

/** Functions and methods with a block of their own, from the line of their name to the closing brace. */
export function functionsIn(file: string): FunctionLength[] {
  const lines = readSource(file).split("\n");
  const indentation = (at: number): number => /^ */.exec(lines[at] ?? "")?.[0].length ?? 0;
  const isAt = (at: number, depth: number): boolean => lines[at] !== "" && indentation(at) === depth;
  return lines.flatMap((line, at) => {
    const isHead =
      /(?:\).*|=> )\{$/.test(line) && !/^\s*(?:\} )?(?:if|for|while|switch|catch|else)\b/.test(line);
    if (!isHead) return [];
    const depth = indentation(at);
    let first = at;
    // Parameters that do not fit on one line stand above the line with the brace.
    if (/^\s*[)}\]]/.test(line))
      do first--;
      while (first > 0 && !isAt(first, depth));
    const end = lines.findIndex((text, index) => index > at && isAt(index, depth) && /^\s*\}/.test(text));
    return end < 0
      ? []
      : [{ name: `${file}:${first + 1}: ${(lines[first] ?? "").trim()}`, lines: end - first + 1 }];
  });
}
