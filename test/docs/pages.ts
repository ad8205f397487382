/** The pages that a reader types commands from, their commands and their blocks. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Block, blocksIn, commandsIn, type DocCommand } from "./doc-commands.ts";

const root = join(import.meta.dirname, "..", "..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const read = (page: string): string => readFileSync(join(root, page), "utf8");

export const BLOCKS: readonly Block[] = pages.flatMap((page) => blocksIn(page, read(page)));
export const COMMANDS: readonly DocCommand[] = pages.flatMap((page) => commandsIn(page, read(page)));
