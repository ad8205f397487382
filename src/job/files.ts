/** The files of one or several states, one by one: the one place that lists them. */
import { parseNameTemplate, shortenName } from "../core/target-name.ts";
import type { RowFormat, ToldFile } from "../report/file-rows.ts";
import type { FileFilter } from "../state/past.ts";
import type { OpenStates } from "./states.ts";

export interface FilesRequest {
  readonly filter: FileFilter;
  readonly format: RowFormat;
  /** Takes some lines with their ends. */
  readonly write: (text: string) => Promise<void>;
  /** Nobody reads any more. */
  readonly isLeft?: () => boolean;
  readonly signal: AbortSignal;
}

/** What was written, by what it is of. */
export interface WrittenFiles {
  readonly files: number;
  /** Rows of work items of which no file is known, or that failed as a whole. */
  readonly workItems: number;
}

/**
 * Writes a row for each file that the states know. Memory is flat.
 *
 * @throws ReuploadError `identity-mismatch` when the states are not of one run, those of `StatePast.files`; the signal's
 * reason
 */
export async function writeFiles(states: OpenStates, request: FilesRequest): Promise<WrittenFiles> {
  const { filter, format, write, isLeft = () => false, signal } = request;
  const written = { files: 0, workItems: 0 };
  await states.refuseMismatch();
  if (format.header !== undefined) await write(`${format.header}\n`);
  for (const { reader } of states.all) {
    const { run } = await reader.read();
    const template = parseNameTemplate(run.identity.nameTemplate);
    for await (const rows of reader.past.files(filter, { signal })) {
      let text = "";
      for (const row of rows) {
        const blobName =
          row.fileName === undefined
            ? undefined
            : (row.blobName ?? shortenName(template.render(row.workItem, row.fileName)));
        const told: ToldFile = { ...row, blobName };
        text += `${format.line(told)}\n`;
        written[row.fileName === undefined ? "workItems" : "files"]++;
      }
      await write(text);
      if (isLeft()) return written;
    }
  }
  return written;
}
