import { describe, expect, it } from "vitest";
import { commandsIn, linesUnlike } from "./doc-commands.ts";
import { LANGUAGES_NOT_RUN, NOT_RUN } from "./not-run.ts";
import { BLOCKS, COMMANDS } from "./pages.ts";
import { SECTIONS } from "./sections.ts";

const PAGE = `# A page
## First
1. As here:
   \`\`\`sh
   # a comment
   reupload run --csv a.csv \\
     --resume   # again
   \`\`\`
## \`second\`
\`\`\`console
$ reupload files
a.json  12 KiB
\`\`\`
\`\`\`text
$ reupload why
\`\`\`
`;

describe("the commands of a page", () => {
  it("are the lines of its sh blocks and what follows a prompt in its console blocks", () => {
    expect(commandsIn("p.md", PAGE)).toEqual([
      { section: "p.md > First", line: 6, text: "reupload run --csv a.csv --resume", output: [] },
      { section: "p.md > second", line: 11, text: "reupload files", output: ["a.json  12 KiB"] },
    ]);
  });

  it("show output that is like the real one but for numbers, sizes, durations and ids", () => {
    const real = "run 617c4bed-80cd-47cd-b101-bd816569cd36: 4 work items, 12.5 MiB in 1 min 04 s\nFiles   3";
    const shown = "run e264d04e-0cf3-4994-acf3-f328058ddf7b: 200 work items, 3 KiB in 27 s";
    expect(linesUnlike([shown, "", "...", "Files      5,003"], real)).toEqual([]);
    expect(linesUnlike(["run 1: 200 items", "Files 1 failed"], real)).toHaveLength(2);
  });
});

describe("the documentation", () => {
  it("says the language of every block, so that no command is passed by", () => {
    const known = ["console", "sh", ...Object.keys(LANGUAGES_NOT_RUN)];
    expect(BLOCKS.filter(({ language }) => !known.includes(language))).toEqual([]);
    const isCommand = (line: string): boolean => /^(\$ |reupload [a-z-]+ -|npm |npx )/.test(line);
    const hidden = BLOCKS.filter(({ language, lines }) => language === "text" && lines.some(isCommand));
    // There a text is compared with what the section's commands print.
    expect(hidden.filter(({ section }) => SECTIONS[section]?.showsOutput !== true)).toEqual([]);
    expect(COMMANDS.length).toBeGreaterThan(60);
  });

  it("has every command that is listed as not run, and every section that the run prepares", () => {
    const isUsed = ({ command }: (typeof NOT_RUN)[number]) => COMMANDS.some(({ text }) => command.test(text));
    expect(NOT_RUN.filter((each) => !isUsed(each))).toEqual([]);
    const sections = new Set(COMMANDS.map(({ section }) => section));
    expect(Object.keys(SECTIONS).filter((section) => !sections.has(section))).toEqual([]);
  });
});
