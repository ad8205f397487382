import { hash } from "node:crypto";
import type { WorkItem } from "./work-item.ts";

/** As production uploads name their blobs. */
export const DEFAULT_NAME_TEMPLATE = "{workItemName}-{fileBaseName}";

export const TEMPLATE_FIELDS = ["jobId", "workItemId", "workItemName", "fileName", "fileBaseName"] as const;
type TemplateField = (typeof TEMPLATE_FIELDS)[number];

/** The service's limit, in characters (UTF-16 units) of the name before percent-encoding. */
export const MAX_NAME_LENGTH = 1024;
/** The service's limit of `/`-separated segments. */
const MAX_SEGMENTS = 254;

export interface NameTemplate {
  readonly text: string;
  /** The name before any check; `{workItemName}` falls back to the id when the work item has no name. */
  render(workItem: WorkItem, fileName: string): string;
  /** The same with the whole relative path in place of `{fileBaseName}`: tells apart what shares a base name. */
  renderWithPath(workItem: WorkItem, fileName: string): string;
  /**
   * What the names of all files of the work item begin with, unless they are shortened; undefined when that does not
   * name the work item, so that others begin so, too.
   */
  prefix(workItem: WorkItem): string | undefined;
}

/**
 * Parses a template such as `{workItemName}-{fileBaseName}`.
 *
 * @throws RangeError that names the unknown field, an unbalanced brace, or a template that names no file
 */
export function parseNameTemplate(text: string): NameTemplate {
  const parts: (string | { field: TemplateField })[] = [];
  for (const part of text.split(/(\{[^{}]*\})/)) {
    if (part === "") continue;
    if (part.startsWith("{") && part.endsWith("}")) {
      parts.push({ field: knownField(part.slice(1, -1)) });
    } else if (/[{}]/.test(part)) {
      throw new RangeError(`unbalanced brace in name template "${text}"`);
    } else {
      parts.push(part);
    }
  }
  if (!parts.some((part) => typeof part !== "string" && part.field.startsWith("file"))) {
    throw new RangeError(
      `name template "${text}" gives every file of a work item the same name: use {fileName} or {fileBaseName}`,
    );
  }
  const render = (workItem: WorkItem, fileName: string, shown: string) =>
    parts
      .map((part) => {
        if (typeof part === "string") return part;
        return part.field === "fileBaseName" ? shown : fieldValue(part.field, workItem, fileName);
      })
      .join("");
  return {
    text,
    render: (workItem, fileName) => render(workItem, fileName, baseName(fileName)),
    renderWithPath: (workItem, fileName) => render(workItem, fileName, fileName),
    prefix(workItem) {
      const end = parts.findIndex((part) => typeof part !== "string" && part.field.startsWith("file"));
      const before = parts.slice(0, end);
      const isOwn = before.some((part) => typeof part !== "string" && part.field.startsWith("workItem"));
      if (!isOwn) return undefined;
      return before
        .map((part) => (typeof part === "string" ? part : fieldValue(part.field, workItem, "")))
        .join("");
    },
  };
}

function knownField(name: string): TemplateField {
  const field = TEMPLATE_FIELDS.find((known) => known === name);
  if (field === undefined) {
    throw new RangeError(
      `unknown field {${name}} in name template; the fields are ${TEMPLATE_FIELDS.map((known) => `{${known}}`).join(" ")}`,
    );
  }
  return field;
}

function fieldValue(field: TemplateField, workItem: WorkItem, fileName: string): string {
  switch (field) {
    case "jobId":
      return workItem.jobId;
    case "workItemId":
      return workItem.workItemId;
    case "workItemName":
      return workItem.workItemName === "" ? workItem.workItemId : workItem.workItemName;
    case "fileName":
    case "fileBaseName":
      return fileName;
  }
}

/**
 * Why a file name may not be used, whatever the template makes of it, or undefined when it may: what ends in a slash
 * has no base name, and would give `name-`.
 */
export function fileNameProblem(fileName: string): string | undefined {
  return baseName(fileName) === "" ? "the file name is empty or ends in a slash" : undefined;
}

/** What follows the last `/`. */
function baseName(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf("/") + 1);
}

/**
 * Why a name may not be used as a blob name, or undefined when it may. Names come from outside: `..` would
 * reach another container, `\` becomes `/` on the way, a control character breaks listings.
 */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (!name.isWellFormed()) return "the name has a lone surrogate";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "the name has a control character";
  if (name.includes("\\")) return "the name has a backslash";
  if (/[./]$/.test(name)) return "the name ends in a dot or slash";
  const segments = name.split("/");
  if (segments.length > MAX_SEGMENTS) return `the name has more than ${MAX_SEGMENTS} segments`;
  if (segments.some((segment) => segment === "." || segment === "..")) {
    return "the name has a . or .. segment";
  }
  return undefined;
}

/**
 * A name within the service's limit: unchanged when short enough, else prefix + `~` + hash of the whole name +
 * extension, so that it is the same on every machine and in every run.
 */
export function shortenName(name: string): string {
  if (name.length <= MAX_NAME_LENGTH) return name;
  const extension = /\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? "";
  const tail = `~${hash("sha256", name, "hex").slice(0, 16)}${extension}`;
  let prefix = name.slice(0, MAX_NAME_LENGTH - tail.length);
  // A cut between the halves of a surrogate pair would leave a lone surrogate.
  if (!prefix.isWellFormed()) prefix = prefix.slice(0, -1);
  return prefix + tail;
}

/** The name as a URL path below the container: each segment percent-encoded, the slashes kept. */
export function encodeName(name: string): string {
  return name
    .split("/")
    .map((segment) =>
      encodeURIComponent(segment).replace(
        /[!'()*]/g,
        (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join("/");
}
