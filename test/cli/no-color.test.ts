import { describe, expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.ts";
import { processIo } from "../../src/cli/process-io.ts";

describe("--no-color", () => {
  const program = makeProgram("0", processIo(), () => {});
  it.each(program.commands.map((command) => [command.name(), command] as const))(
    "is taken by %s",
    (_, command) => {
      expect(command.options.filter(({ long }) => long === "--no-color")).toHaveLength(1);
    },
  );
});
