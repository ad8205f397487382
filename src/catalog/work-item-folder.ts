import { ReuploadError } from "../core/errors.ts";
import { FileFailure } from "../core/failure.ts";
import type { SourcePrefix } from "../core/source-prefix.ts";
import type { WorkItem } from "../core/work-item.ts";

/** A template always names a folder: without the slash, the files of `a/10` would be among those of `a/1`. */
export function folderTemplate({ text }: SourcePrefix): string {
  return text.endsWith("/") ? text : `${text}/`;
}

/**
 * The folder of a work item's files below the container or the local folder, as `a/b/` with its last slash. Ids come
 * from outside: one that would lead elsewhere, or into another work item's folder, is refused.
 *
 * @throws FileFailure `catalog-error`
 */
export function workItemFolder(prefix: SourcePrefix, workItem: WorkItem): string {
  const folder = prefix.render(workItem);
  const problem = idProblem(prefix, workItem) ?? folderProblem(folder);
  if (problem !== undefined) {
    throw new FileFailure("catalog-error", `${problem}, so its files cannot be looked up`);
  }
  return folder.endsWith("/") ? folder : `${folder}/`;
}

/** @throws ReuploadError `source-invalid` for a template that gives no usable folder, whatever the ids */
export function checkTemplate(prefix: SourcePrefix): void {
  const problem = folderProblem(prefix.render({ jobId: "1", workItemId: "1", workItemName: "1" }));
  if (problem === undefined) return;
  throw new ReuploadError("source-invalid", `--source-prefix "${prefix.text}" cannot be used: ${problem}.`, {
    advice: "Give it as {jobId}/{workItemId}/, relative to the container or the folder.",
  });
}

function idProblem({ text }: SourcePrefix, workItem: WorkItem): string | undefined {
  const used = (["jobId", "workItemId", "workItemName"] as const).filter((field) =>
    text.includes(`{${field}}`),
  );
  for (const field of used) {
    const value = workItem[field];
    if (!value.isWellFormed()) return `its ${field} has a lone surrogate`;
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) return `its ${field} has a control character`;
    if (/[/\\]/.test(value)) return `its ${field} has a slash or a backslash`;
  }
  return undefined;
}

function folderProblem(folder: string): string | undefined {
  const segments = folder.replace(/\/$/, "").split("/");
  if (segments.includes("")) return "its folder has an empty segment";
  // Some file systems and services drop what stands at the end, and would give another folder.
  const odd = segments.find((segment) => /[. ]$/.test(segment));
  return odd === undefined ? undefined : `its folder has the segment "${odd}" with a dot or space at its end`;
}
