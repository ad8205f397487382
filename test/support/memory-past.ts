/** What happened to a state in memory, over its rows. */
import { parseNameTemplate } from "../../src/core/target-name.ts";
import { hostname } from "node:os";
import type { FileOutcome } from "../../src/core/file-outcome.ts";
import { FACT, fileStatus } from "../../src/state/ledger/facts.ts";
import type { FileFilter, FileRow, StatePast } from "../../src/state/past.ts";
import type { Disk, FileOfRow, Row } from "./memory-disk.ts";

export function memoryPast(disk: Disk): StatePast {
  return {
    async *files({ workItemId, outcomes }: FileFilter, { signal }) {
      signal.throwIfAborted();
      const rows = disk.rows
        .filter(({ workItem }) => workItemId === undefined || workItem.workItemId === workItemId)
        .flatMap(rowsOf)
        .filter(({ outcome }) => outcomes === undefined || outcomes.has(outcome));
      if (rows.length > 0) yield rows;
    },
    starts: async () => disk.pastStarts.map((start) => ({ ...start, host: hostname() })),
    history: async () => [],
    find: async (name, max) => findName(disk, name, max),
    longest: async (max) =>
      disk.rows
        .flatMap(({ workItem, status, startedAt, finishedAt, filesTotal, files, catalogName }) =>
          startedAt === null || finishedAt === null || status === "in_progress" || status === "pending"
            ? []
            : [
                {
                  workItem: { ...workItem, workItemName: catalogName ?? workItem.workItemName },
                  status,
                  startedAt: startedAt * 1000,
                  finishedAt: finishedAt * 1000,
                  filesTotal,
                  filesFailed: files.filter(({ facts }) => facts & FACT.failed).length,
                },
              ],
        )
        .sort((a, b) => b.finishedAt - b.startedAt - (a.finishedAt - a.startedAt))
        .slice(0, max),
  };
}

function rowsOf(row: Row): FileRow[] {
  const workItem = { ...row.workItem, workItemName: row.catalogName ?? row.workItem.workItemName };
  const files = row.files.toSorted((a, b) => a.id - b.id).map((file) => ({ workItem, ...fileColumns(file) }));
  if (files.length > 0 && row.failure === undefined) return files;
  const { failure } = row;
  return [
    ...files,
    {
      workItem,
      fileName: undefined,
      blobName: undefined,
      outcome: outcomeOfWorkItem(row),
      code: failure?.code,
      message: failure?.message,
      requestId: failure?.requestId,
      attempts: failure?.attempts ?? 0,
      bytes: undefined,
      contentMd5: undefined,
      announcedAt: undefined,
    },
  ];
}

function fileColumns({
  fileName,
  facts,
  bytes,
  at,
  contentMd5,
  detail,
}: FileOfRow): Omit<FileRow, "workItem"> {
  const isOurs = facts & FACT.announced && !(facts & (FACT.elsewhere | FACT.takenOver));
  return {
    fileName,
    blobName: detail?.blobName ?? undefined,
    outcome: outcomeOfFile(facts),
    code: detail?.code ?? undefined,
    message: detail?.message ?? undefined,
    requestId: detail?.requestId ?? undefined,
    attempts: detail?.attempts ?? (facts === 0 ? 0 : 1),
    bytes: bytes ?? undefined,
    contentMd5,
    announcedAt: isOurs ? at * 1000 : undefined,
  };
}

function outcomeOfFile(facts: number): FileOutcome {
  const status = fileStatus(facts);
  if (status !== "completed") return status;
  if (facts & FACT.elsewhere) return "elsewhere";
  return facts & FACT.alreadyThere ? "already-there" : "copied";
}

function outcomeOfWorkItem({ status }: Row): FileOutcome {
  if (status === "completed") return "empty";
  return status === "in_progress" || status === "not_mine" ? "pending" : status;
}

/** As `StatePast.find`. */
function findName({ rows, run }: Disk, name: string, max: number) {
  const named = rows.map((row) => ({
    row,
    workItem: { ...row.workItem, workItemName: row.catalogName ?? row.workItem.workItemName },
  }));
  const workItems = named.filter(({ row, workItem }) =>
    [workItem.workItemId, workItem.workItemName, row.workItem.workItemName].includes(name),
  );
  if (workItems.length > 0) {
    return workItems.slice(0, max).map(({ workItem }) => ({ workItem, fileName: undefined }));
  }
  const template = parseNameTemplate(run.identity.nameTemplate);
  const files = named.flatMap(({ row, workItem }) => row.files.map((file) => ({ workItem, file })));
  const kinds = [
    files.filter(({ file }) => file.detail?.blobName === name),
    files.filter(({ workItem, file }) => {
      const shown = { ...workItem, workItemName: workItem.workItemName || workItem.workItemId };
      return template.render(shown, file.fileName) === name;
    }),
    files.filter(({ file }) => file.fileName === name || file.fileName.endsWith(`/${name}`)),
  ];
  const found = kinds.find((kind) => kind.length > 0) ?? [];
  return found.slice(0, max).map(({ workItem, file }) => ({ workItem, fileName: file.fileName }));
}
