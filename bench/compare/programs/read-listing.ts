import { readFileSync } from "node:fs";

export interface ListedFile {
  readonly workItem: string;
  /** In the target. */
  readonly name: string;
  readonly url: string;
}

/** The files of a listing that the bench has written, whose fields need no quotes. */
export function readListing(path: string): ListedFile[] {
  const [, ...rows] = readFileSync(path, "utf8").trimEnd().split("\n");
  return rows.map((row) => {
    const [, workItem = "", workItemName = "", url = "", fileName = ""] = row.split(",");
    return { workItem, name: `${workItemName}-${fileName}`, url };
  });
}
