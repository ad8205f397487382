/** One way to open a catalog, whichever kind it is: which kind is meant, whether it can be used, opening it. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { sasTokenOf } from "../azure/given-secrets.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { sourceContainer } from "../catalog/container/source-container.ts";
import { checkFolder, sourceFolder } from "../catalog/folder/source-folder.ts";
import { LookupQuery } from "../catalog/kusto/lookup-query.ts";
import { type Environment, flagWord } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { parseSourcePrefix, type SourcePrefix } from "../core/source-prefix.ts";
import { readQueryText } from "../kusto/query-text.ts";
import type { SignInPrompt } from "./context.ts";
import { checkBounds, filterByName, openFilter } from "./file-filter.ts";
import type { Services } from "./services.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** The catalog of a run, before it is opened. */
export interface CatalogSource {
  readonly kind: "listing" | "kusto" | "container" | "folder" | "paths";
  /** Kind and place without secrets; part of the run's identity. The opened catalog says the same. */
  readonly identity: string;
  /** Its files are local ones: the transfer may read `file:` links. */
  readonly hasLocalFiles: boolean;
  /** Looks whether it is there at all, before anything is made and any service is asked. @throws ReuploadError */
  check(): Promise<void>;
  /** Opens it, with the state's lock held. @throws ReuploadError */
  open(context: OpenContext): Promise<Catalog>;
}

export interface OpenContext {
  /** What files that belong to the catalog begin with: the state's path without its ending. */
  readonly stem: string;
  readonly services: Services;
  /** When the run began, ms since the epoch: times of its filter may count back from there. */
  readonly began: number;
  /** Where a person may be asked to sign in. */
  readonly prompt: SignInPrompt;
  /** Ends the opening. */
  readonly opening: AbortSignal;
  /** Ends what the catalog does later on its own account. */
  readonly signal: AbortSignal;
}

type Kind = NonNullable<RunSettings["catalog"]>;

/** What names a catalog of each kind. */
const NAMED_BY = {
  listing: "files",
  kusto: "kustoCluster",
  container: "sourceContainer",
  folder: "sourceDir",
} as const satisfies Record<Kind, keyof RunSettings>;

const KINDS = Object.keys(NAMED_BY) as Kind[];

/**
 * The run's catalog: the kind that `--catalog` says, else the one that is named.
 *
 * @param path makes a path whole
 * @throws ReuploadError `usage` when none is named, or more than one; `source-invalid`; `bad-option` for a filter that it
 * cannot keep
 */
export function catalogSource(
  settings: RunSettings,
  path: (path: string) => string,
  env: Environment,
): CatalogSource {
  const prefix = parseSourcePrefix(settings.sourcePrefix);
  const kind = chooseKind(settings);
  checkBounds(settings, kind);
  switch (kind) {
    case "listing":
      return listingSource(path(named(settings, "files")), settings);
    case "container":
      return containerSource(settings, prefix, env);
    case "folder":
      return folderSource(path(named(settings, "sourceDir")), prefix, settings);
    case "kusto":
      return kustoSource(settings, path, env);
  }
}

function chooseKind(settings: RunSettings): Kind {
  const kinds = KINDS.filter((kind) => settings[NAMED_BY[kind]] !== undefined);
  if (settings.catalog !== undefined) return settings.catalog;
  const [kind] = kinds;
  if (kind === undefined) {
    throw new ReuploadError("usage", "No option says where the file lists come from.", {
      advice:
        "Give a listing with --files FILE (columns JobId,WorkItemId,WorkItemName,Uri,FileName[,Length,ContentMD5]), or --kusto-cluster, --source-container or --source-dir.",
    });
  }
  if (kinds.length > 1) {
    const flags = kinds.map((given) => flagWord(NAMED_BY[given])).join(" and ");
    throw new ReuploadError("usage", `${flags} cannot be used together: each names another catalog.`, {
      advice: `Choose one with --catalog: ${kinds.join(" or ")}.`,
    });
  }
  return kind;
}

function named(
  settings: RunSettings,
  option: "files" | "kustoCluster" | "kustoDatabase" | "sourceContainer" | "sourceDir",
): string {
  const value = settings[option];
  if (value !== undefined) return value;
  throw new ReuploadError("usage", `--catalog ${settings.catalog} needs ${flagWord(option)}.`, {
    advice: `Give ${flagWord(option)}, or omit --catalog.`,
  });
}

function listingSource(file: string, settings: RunSettings): CatalogSource {
  return {
    kind: "listing",
    identity: `listing:${basename(file)}`,
    hasLocalFiles: false,
    async check() {
      const { openListingFile } = await import("../catalog/listing/open-listing-file.ts");
      const { handle } = await openListingFile(file);
      await handle.close();
    },
    async open({ stem, prompt, began, opening, signal }) {
      const { openListing } = await import("../catalog/listing/listing.ts");
      const takes = await openFilter(settings, began);
      const listing = await openListing({
        surroundings: REAL_SURROUNDINGS,
        path: file,
        indexPath: `${stem}.listing-index`,
        rejectedPath: `${stem}.listing-rejected.csv`,
        warn: (message) => prompt.notice("warning", message),
        opening,
        signal,
      });
      return filterByName(listing, takes, true);
    },
  };
}

function kustoSource(settings: RunSettings, path: (path: string) => string, env: Environment): CatalogSource {
  const cluster = named(settings, "kustoCluster");
  const database = named(settings, "kustoDatabase");
  const text = settings.kustoQuery === undefined ? undefined : readQuery(path(settings.kustoQuery));
  const query = new LookupQuery({ text, fileSuffix: settings.fileSuffix });
  return {
    kind: "kusto",
    identity: query.identity(`${URL.parse(cluster)?.host ?? cluster}/${database}`),
    hasLocalFiles: false,
    async check() {
      // Loaded late: the client is slow to load.
      const { clusterUrl } = await import("../kusto/cluster.ts");
      clusterUrl(cluster);
    },
    async open({ services, prompt, began, opening }) {
      const takes = await openFilter(settings, began);
      const { connectKusto } = await import("./kusto.ts");
      const { openKustoCatalog } = await import("../catalog/kusto/kusto-catalog.ts");
      const kusto = await connectKusto({
        cluster,
        database,
        settings,
        env,
        prompt,
        attempts: services.attempts,
        gate: (place, gateSignIn) => services.catalog(place, gateSignIn),
        account: services.account,
      });
      try {
        const catalog = await openKustoCatalog({
          surroundings: REAL_SURROUNDINGS,
          kusto,
          query,
          signal: opening,
        });
        return await filterByName(catalog, takes, false);
      } catch (thrown) {
        kusto.close();
        throw thrown;
      }
    },
  };
}

/** The text of a query's file. @throws ReuploadError `usage` */
export function readQuery(path: string): string {
  try {
    return readQueryText(readFileSync(path));
  } catch (error) {
    throw new ReuploadError("usage", `The query ${path} cannot be read: ${errorMessageText(error)}.`, {
      advice: "Check the path given with --kusto-query.",
      cause: error,
    });
  }
}

function containerSource(settings: RunSettings, prefix: SourcePrefix, env: Environment): CatalogSource {
  const source = sourceContainer(named(settings, "sourceContainer"), prefix);
  const given = env["REUPLOAD_SOURCE_SAS"] ?? "";
  const sas = given === "" ? undefined : sasTokenOf(new Secret(given), "REUPLOAD_SOURCE_SAS");
  return {
    kind: "container",
    identity: source.identity,
    hasLocalFiles: false,
    // The service is asked when it is opened.
    async check() {},
    async open({ services, began, opening }) {
      const { openContainer } = await import("../catalog/container/container.ts");
      return openContainer({
        takes: await openFilter(settings, began),
        source,
        sas,
        client: services.client,
        attempts: services.attempts,
        sourceGate: (accountUrl) => services.source(accountUrl),
        signal: opening,
      });
    },
  };
}

function folderSource(path: string, prefix: SourcePrefix, settings: RunSettings): CatalogSource {
  if (settings.transfer === "server") {
    throw new ReuploadError("bad-option", "--transfer server cannot copy from a local folder.", {
      advice: "Omit --transfer: local files always pass through this machine.",
    });
  }
  const source = sourceFolder(path, prefix);
  return {
    kind: "folder",
    identity: source.identity,
    hasLocalFiles: true,
    check: async () => checkFolder(source),
    async open({ began }) {
      const { openFolder } = await import("../catalog/folder/folder.ts");
      return openFolder(source, await openFilter(settings, began));
    },
  };
}
