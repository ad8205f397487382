import type { WorkItem } from "./work-item.ts";

const FIELDS = ["jobId", "workItemId", "workItemName"] as const;

/** Where a work item's files lie below a container or a folder. */
export interface SourcePrefix {
  readonly text: string;
  /** Before any check: ids come from outside. `{workItemName}` falls back to the id. */
  render(workItem: WorkItem): string;
}

/**
 * Parses a template such as `{jobId}/{workItemId}/`.
 *
 * @throws RangeError that names the unknown field, an unbalanced brace, a backslash, or a template that is the same for
 * every work item
 */
export function parseSourcePrefix(text: string): SourcePrefix {
  // What it means depends on the system, and no id may have one either.
  if (text.includes("\\"))
    throw new RangeError(`source prefix "${text}" has a backslash: folders end with /`);
  const parts = text.split(/(\{[^{}]*\})/);
  for (const part of parts) {
    const isField = part.startsWith("{") && part.endsWith("}");
    if (isField && !FIELDS.some((field) => part === `{${field}}`)) {
      const known = FIELDS.map((field) => `{${field}}`).join(" ");
      throw new RangeError(`unknown field ${part} in source prefix; the fields are ${known}`);
    }
    if (!isField && /[{}]/.test(part)) throw new RangeError(`unbalanced brace in source prefix "${text}"`);
  }
  if (!/\{workItem(?:Id|Name)\}/.test(text)) {
    throw new RangeError(`source prefix "${text}" is the same for every work item: use {workItemId}`);
  }
  return {
    text,
    render: ({ jobId, workItemId, workItemName }) =>
      parts
        .map((part) => {
          if (part === "{jobId}") return jobId;
          if (part === "{workItemId}") return workItemId;
          if (part === "{workItemName}") return workItemName === "" ? workItemId : workItemName;
          return part;
        })
        .join(""),
  };
}
