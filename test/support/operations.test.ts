import { expect, it } from "vitest";
import { operationOf, type Service } from "./operations.ts";

const fromUrl = { "x-ms-copy-source": "http://source/blob" };
const fromUrlToBlob = { ...fromUrl, "x-ms-blob-type": "BlockBlob" };

it.each<[Service, string, Record<string, string>, string]>([
  ["blob", "PUT /a/c/b", { "x-ms-blob-type": "BlockBlob" }, "put-blob"],
  ["blob", "PUT /a/c/folder/b?timeout=30", { "x-ms-blob-type": "BlockBlob" }, "put-blob"],
  ["blob", "PUT /a/c/b", fromUrlToBlob, "put-blob-from-url"],
  ["blob", "PUT /a/c/b", fromUrl, "copy-blob"],
  ["blob", "PUT /a/c/b?comp=block&blockid=MDE%3D", {}, "put-block"],
  ["blob", "PUT /a/c/b?comp=block&blockid=MDE%3D", fromUrl, "put-block-from-url"],
  ["blob", "PUT /a/c/b?comp=blocklist", {}, "put-block-list"],
  ["blob", "GET /a/c/b?comp=blocklist&blocklisttype=all", {}, "get-block-list"],
  ["blob", "PUT /a/c/b?comp=properties", {}, "set-blob-properties"],
  ["blob", "GET /a/c/b?sv=1&sig=x", {}, "get-blob"],
  ["blob", "HEAD /a/c/b", {}, "get-blob-properties"],
  ["blob", "DELETE /a/c/b", {}, "delete-blob"],
  ["blob", "PUT /a/c/b?comp=lease", {}, "other"],
  ["blob", "PUT /a/c?restype=container", {}, "create-container"],
  ["blob", "HEAD /a/c?restype=container", {}, "get-container-properties"],
  ["blob", "GET /a/c?restype=container&comp=list", {}, "list-blobs"],
  ["blob", "DELETE /a/c?restype=container", {}, "delete-container"],
  ["blob", "GET /a/?comp=list", {}, "other"],
  ["queue", "PUT /a/q", {}, "create-queue"],
  ["queue", "GET /a/q?comp=metadata", {}, "get-queue-properties"],
  ["queue", "DELETE /a/q", {}, "delete-queue"],
  ["queue", "POST /a/q/messages", {}, "put-message"],
  ["queue", "GET /a/q/messages?numofmessages=32", {}, "get-messages"],
  ["queue", "DELETE /a/q/messages/id?popreceipt=x", {}, "delete-message"],
])("names a %s request %s with %o as %s", (service, line, headers, operation) => {
  const [method = "", target = ""] = line.split(" ");
  const url = new URL(target, "http://127.0.0.1");
  expect(operationOf({ service, method, path: url.pathname, query: url.searchParams, headers })).toBe(
    operation,
  );
});
