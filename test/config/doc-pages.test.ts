import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { processIo } from "../../src/cli/process-io.ts";
import { makeProgram } from "../../src/cli/program.ts";

const root = join(import.meta.dirname, "..", "..");
const markdownIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
const guides = ["README.md", ...markdownIn("docs")];
const pages = [...guides, "CONTRIBUTING.md", "CHANGELOG.md", ...markdownIn("docs/design")];
const read = (page: string) => readFileSync(join(root, page), "utf8");
const FENCE = /^ *```[^]*?^ *```/gm;

/** The anchors of a page's headings, as the usual viewers of Markdown make them. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [
    ...read(page)
      .replaceAll(FENCE, "")
      .matchAll(/^#+ (.+)$/gm),
  ];
  return new Set(
    headings.map(([, heading = ""]) => {
      const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = text.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** Links of a page that lead to no file, or to no heading. */
function deadLinks(page: string): string[] {
  const text = read(page)
    .replaceAll(FENCE, "")
    .replaceAll(/`[^`]*`/g, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const to = path === "" ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, to))) return true;
    return anchor !== undefined && !anchorsOf(to).has(anchor);
  });
}

const program = makeProgram("0.0.0", processIo(), () => {});

interface Shown {
  readonly text: string;
  readonly name: string;
  readonly words: readonly string[];
}

/** The `reupload` commands of a page's code, a line continued by a backslash being one line. */
function commandsOf(page: string): Shown[] {
  const text = read(page).replaceAll(/ *\\\n\s*/g, " ");
  const code = [...text.matchAll(FENCE), ...text.replaceAll(FENCE, "").matchAll(/`[^`]+`/g)].map(([all]) =>
    all.startsWith("`reupload") ? all.replaceAll("\n", " ") : all,
  );
  const found = code.flatMap((each) => [
    ...each.matchAll(/(?:^|[`$>&;] *|npx +)reupload ([a-z][a-z-]*)([^`\n]*)/gm),
  ]);
  return found.map(([, name = "", rest = ""]) => ({
    text: `reupload ${name}${rest}`,
    name,
    words: wordsOf(rest),
  }));
}

/** The words of a command line, up to where a shell would begin something else. */
function wordsOf(line: string): string[] {
  const [command = ""] = line.split(/ (?:#|&|\||>|;|2>)/);
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words
    .filter((word) => !word.startsWith("[") && word !== "--help")
    .map((word) => word.replaceAll(/^["']|["']$/g, "").replace(/;$/, ""));
}

/** What the program's own parser says against a command: an unknown command or option. @throws for a missing value */
function complaints({ name, words }: Shown): string | undefined {
  const command = program.commands.find((known) => known.name() === name);
  if (command === undefined) return `no command ${name}`;
  // A sentence may name an option alone, without its value.
  const last = words.at(-1) ?? "";
  const option = command.options.find(({ long }) => long === last);
  const { unknown } = command.parseOptions(option?.required ? words.slice(0, -1) : [...words]);
  return unknown.length > 0 ? `unknown: ${unknown.join(" ")}` : undefined;
}

describe("the pages of the documentation", () => {
  it.each(pages)("%s has no dead link", (page) => {
    expect(deadLinks(page)).toEqual([]);
  });

  it.each(guides)("%s shows only commands that the program's parser accepts", (page) => {
    const refused = commandsOf(page).flatMap((shown) => {
      const why = complaints(shown);
      return why === undefined ? [] : [`${shown.text}: ${why}`];
    });
    expect(refused).toEqual([]);
  });

  it("finds the commands of the pages", () => {
    expect(commandsOf("README.md").length).toBeGreaterThan(20);
    expect(guides.flatMap(commandsOf).length).toBeGreaterThan(80);
  });

  it("notices an option, a command and an anchor that do not exist", () => {
    expect(complaints({ text: "", name: "run", words: ["--resume", "--resumed"] })).toBe(
      "unknown: --resumed",
    );
    expect(complaints({ text: "", name: "rerun", words: [] })).toBe("no command rerun");
    expect(anchorsOf("README.md").has("exit-codes")).toBe(true);
    expect(anchorsOf("README.md").has("no-such-heading")).toBe(false);
  });
});
