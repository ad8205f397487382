/** A catalog over the real client and the stand-in. */
import type { Catalog, Survey } from "../../../src/catalog/catalog.ts";
import { openKustoCatalog } from "../../../src/catalog/kusto/kusto-catalog.ts";
import { LookupQuery } from "../../../src/catalog/kusto/lookup-query.ts";
import type { WorkItem } from "../../../src/core/work-item.ts";
import { open } from "../../kusto/support.ts";
import { type FaultyKusto, startFaultyKusto } from "../../support/kusto-server.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

export const { signal } = new AbortController();

export interface OpenCatalog extends AsyncDisposable {
  readonly server: FaultyKusto;
  readonly catalog: Catalog;
}

/**
 * Opens the catalog.
 *
 * @param text the user's query; the default one when not given
 * @param options of the stand-in
 */
export async function openCatalog(
  options: Parameters<typeof startFaultyKusto>[0] = {},
  text?: string,
): Promise<OpenCatalog> {
  const server = await startFaultyKusto(options);
  const { kusto } = open(server);
  const close = async (): Promise<void> => {
    kusto.close();
    await server.stop();
    server.tables.close();
  };
  try {
    const query = new LookupQuery({ text, fileSuffix: ".json" });
    const catalog = await openKustoCatalog({ surroundings: REAL_SURROUNDINGS, kusto, query, signal });
    return { server, catalog, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

export const workItem = (workItemId: string, jobId = "1"): WorkItem => ({
  jobId,
  workItemId,
  workItemName: "",
});

/** Work items `w0`, `w1`, ... */
export const workItems = (count: number): WorkItem[] =>
  Array.from({ length: count }, (_, at) => workItem(`w${at}`));

/** Everything that a survey of these groups tells. */
export async function surveyOf(
  catalog: Catalog,
  groups: readonly (readonly WorkItem[])[],
): Promise<Survey[]> {
  const given = async function* () {
    yield* groups;
  };
  return (await Array.fromAsync(catalog.survey(given(), { signal }))).flat();
}

/** How many work items each lookup query asked for. */
export function batchesOf(server: FaultyKusto): number[] {
  return server.requests
    .filter(({ text }) => text.includes("order by"))
    .map(
      ({ parameters }) =>
        (JSON.parse(/^dynamic\((.*)\)$/s.exec(parameters["workItemIds"] ?? "")?.[1] ?? "[]") as unknown[])
          .length,
    );
}
