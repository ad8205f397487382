/** Every command of README and docs runs, section by section, each in a folder of its own, in the order of the page. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { type DocCommand, linesUnlike } from "./doc-commands.ts";
import { NOT_RUN } from "./not-run.ts";
import { BLOCKS, COMMANDS } from "./pages.ts";
import { type SectionNeeds, SECTIONS, TUTORIALS } from "./sections.ts";
import { type Folder, type Stage, startStage } from "./stage.ts";

const isRun = ({ text }: DocCommand) => !NOT_RUN.some(({ command }) => command.test(text));
const sections = Map.groupBy(
  COMMANDS.filter(isRun),
  ({ section }) => TUTORIALS.find((page) => section.startsWith(page)) ?? section,
);

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Gives what it printed. @throws Error that names the page's line when it ends otherwise than expected */
async function runOne(folder: Folder, command: string, where: string, exit = 0): Promise<string> {
  const { code, output } = await folder.run(command);
  if (code !== exit) throw new Error(`${where}: ${command}\nends with ${code}, not ${exit}:\n${output}`);
  return output;
}

/** The value whose key the command begins with. */
function valueFor<T>(command: string, values: Readonly<Record<string, T>> = {}): T | undefined {
  return Object.entries(values).find(([start]) => command.startsWith(start))?.[1];
}

/** Runs commands in a new folder. Gives the lines that a page shows below them and that they do not print. */
async function runIn(folder: Folder, shown: readonly DocCommand[], needs: SectionNeeds): Promise<string[]> {
  for (const command of needs.before ?? []) await runOne(folder, command, "before");
  if (needs.works !== undefined) await folder.start(needs.works, /^run \S+/m);
  const unlike: string[] = [];
  let printed = "";
  for (const { section, line, text, output } of shown) {
    const first = valueFor(text, needs.beforeCommand);
    if (first !== undefined) await runOne(folder, first, "before");
    const real = await runOne(folder, text, `${section}, line ${line}`, valueFor(text, needs.exits));
    unlike.push(...linesUnlike(output, real));
    printed += `${real}\n`;
  }
  const texts = BLOCKS.filter(
    ({ section, language }) => section === shown[0]?.section && language === "text",
  );
  if (needs.showsOutput) unlike.push(...texts.flatMap(({ lines }) => linesUnlike(lines, printed)));
  return unlike.filter((line) => needs.unlike?.test(line) !== true);
}

describe("the commands of the documentation", () => {
  // Tests at once need their own `expect`: the global one counts its assertions for whichever test is the newest.
  it.concurrent.for([...sections])("%s", async ([section, shown], { expect }) => {
    const needs = SECTIONS[section] ?? {};
    const isOther = ({ text }: DocCommand): boolean =>
      needs.otherWay !== undefined && text.includes(needs.otherWay);
    const ways = [shown.filter((command) => !isOther(command)), shown.filter(isOther)];
    for (const way of ways.filter(({ length }) => length > 0)) {
      await using folder = await stage.open(needs.services);
      expect(await runIn(folder, way, needs)).toEqual([]);
    }
  });
});
