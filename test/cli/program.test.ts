import { expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.ts";
import type { Io } from "../../src/terminal/io.ts";

const declare = (asked?: string) => makeProgram("0", {} as Io, () => {}, asked).commands;
const names = declare().map((command) => command.name());

it.each(names.filter((name) => name !== "completion"))(
  "the command %s is declared alone, as among all others, when it is asked for",
  (name) => {
    const among = declare().find((command) => command.name() === name);
    const alone = declare(name);
    expect(alone.map((command) => command.name())).toEqual([name]);
    expect(alone[0]?.helpInformation()).toBe(among?.helpInformation());
    expect(alone[0]?.options.map(({ flags }) => flags)).toEqual(among?.options.map(({ flags }) => flags));
  },
);

it.each(["completion", "rum", "constructor", "--help", ""])(
  "all commands are declared when %j is asked for",
  (asked) => {
    expect(declare(asked).map((command) => command.name())).toEqual(names);
  },
);
