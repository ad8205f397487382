/** JSON documents in the coordination container: read strictly, because another version or another tool may have written them. */
import { ReuploadError } from "../core/errors.ts";

const VERSION = 1;

/** @param content a plain object */
export function makeDocument(kind: string, content: object): Uint8Array {
  return Buffer.from(`${JSON.stringify({ reupload: kind, version: VERSION, ...content })}\n`);
}

/** @param required must be there @throws ReuploadError `coordination-damaged` */
export function readDocument<T>(kind: string, body: Uint8Array, required: readonly (keyof T & string)[]): T {
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(Buffer.from(body).toString("utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw damaged(kind, "it is not JSON", cause);
  }
  if (typeof content !== "object" || content === null) throw damaged(kind, "it is not an object");
  if (content["reupload"] !== kind) throw damaged(kind, "it is another document");
  if (content["version"] !== VERSION) throw damaged(kind, `its version is ${String(content["version"])}`);
  const missing = required.find((name) => content[name] === undefined);
  if (missing !== undefined) throw damaged(kind, `${missing} is missing`);
  const { reupload: _kind, version: _version, ...rest } = content;
  return rest as T;
}

function damaged(kind: string, why: string, cause?: unknown): ReuploadError {
  return new ReuploadError(
    "coordination-damaged",
    `The ${kind} in the coordination container cannot be read: ${why}.`,
    cause === undefined ? {} : { cause },
  );
}
