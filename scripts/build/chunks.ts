/** Which modules go into which file of the program, so that a start loads few files and nothing heavy that it does not use. */
import type { CodeSplittingOptions, OutputChunk } from "rolldown";
import { ROOT } from "./root.ts";

/** Packages that take long to load: what needs one of them, also through others, stays apart from what does not. */
const HEAVY = /(?:^|[\\/])(undici|yaml|azure-kusto-data|@azure[\\/]identity|pino|minimatch)(?:[\\/]|$)/;

/** Not what comes before the code cache: it stays small, and by itself. */
const OWN = /^[\\/]src[\\/](?!cli[\\/](?:main|command|code-pack)\.ts|job[\\/]start-flags\.ts)/;

interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** For the bundler: `command` is what every start loads, `work` what verbs do, and the heavy packages are by themselves. */
export const CHUNKS: CodeSplittingOptions = {
  includeDependenciesRecursively: false,
  groups: [
    {
      name: "command",
      tags: ["$initial"],
      test: (id) => isOwn(id) || /[\\/]commander[\\/]/.test(id),
      priority: 1,
    },
    { name: "undici", test: /[\\/]node_modules[\\/]undici[\\/]/ },
    {
      name: "minimatch",
      test: /[\\/]node_modules[\\/](?:minimatch|brace-expansion|balanced-match|@isaacs)[\\/]/,
    },
    { name: nameOfWork, debugName: "work" },
  ],
};

/**
 * `work`, `work-undici`, `work-azure-kusto-data`...: by the heavy packages that the module imports, itself or through
 * others. A module imports none that needs more than itself, so these files cannot load one another in a circle.
 */
function nameOfWork(id: string, graph: ModuleGraph): string | null {
  if (!isOwn(id)) return null;
  const heavy = new Set<string>();
  const seen = new Set<string>();
  const look = (module: string): void => {
    if (seen.has(module)) return;
    seen.add(module);
    const [, name] = HEAVY.exec(module) ?? [];
    if (name !== undefined) heavy.add(name.split(/[\\/]/).at(-1) ?? name);
    else for (const imported of graph.getModuleInfo(module)?.importedIds ?? []) look(imported);
  };
  look(id);
  return ["work", ...[...heavy].toSorted()].join("-");
}

function isOwn(id: string): boolean {
  return id.startsWith(ROOT) && OWN.test(id.slice(ROOT.length));
}

type Loading = Pick<OutputChunk, "fileName" | "imports">;

/** The first circle of files that load one another; undefined when there is none. */
export function findCycle(chunks: readonly Loading[]): string[] | undefined {
  const importsOf = new Map(chunks.map(({ fileName, imports }) => [fileName, imports]));
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of importsOf.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const { fileName } of chunks) {
    const cycle = visit(fileName, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
