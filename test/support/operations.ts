/** What a storage request does, told from its method, path, query and headers. */
export type Operation =
  | "put-blob"
  | "put-blob-from-url"
  | "put-block"
  | "put-block-from-url"
  | "put-block-list"
  | "get-block-list"
  | "copy-blob"
  | "get-blob"
  | "get-blob-properties"
  | "set-blob-properties"
  | "delete-blob"
  | "create-container"
  | "get-container-properties"
  | "list-blobs"
  | "delete-container"
  | "put-message"
  | "get-messages"
  | "delete-message"
  | "create-queue"
  | "get-queue-properties"
  | "delete-queue"
  /** Anything in the coordination container: what machines tell each other. */
  | "coordinate"
  | "other";

export type Service = "blob" | "queue";

export interface RequestParts {
  readonly service: Service;
  readonly method: string;
  /** Percent-encoded, with the account: `/devstoreaccount1/container/blob`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The container's default name. */
export const COORDINATION = "reupload-coordination";

/** Names the request; `other` is what the product has no use for. */
export function operationOf(parts: RequestParts): Operation {
  const [, , ...names] = parts.path.split("/");
  if (names.join("") === "") return "other";
  if (parts.service === "blob" && names[0] === COORDINATION) return "coordinate";
  if (parts.service === "queue") return queueOperation(parts, names);
  return names.length === 1 ? containerOperation(parts) : blobOperation(parts);
}

function blobOperation({ method, query, headers }: RequestParts): Operation {
  const comp = query.get("comp") ?? "";
  const isCopy = headers["x-ms-copy-source"] !== undefined;
  switch (`${method} ${comp}`) {
    case "PUT ":
      if (!isCopy) return "put-blob";
      return headers["x-ms-blob-type"] === undefined ? "copy-blob" : "put-blob-from-url";
    case "PUT block":
      return isCopy ? "put-block-from-url" : "put-block";
    case "PUT blocklist":
      return "put-block-list";
    case "GET blocklist":
      return "get-block-list";
    case "PUT properties":
      return "set-blob-properties";
    case "GET ":
      return "get-blob";
    case "HEAD ":
      return "get-blob-properties";
    case "DELETE ":
      return "delete-blob";
    default:
      return "other";
  }
}

function containerOperation({ method, query }: RequestParts): Operation {
  if (query.get("restype") !== "container") return "other";
  switch (`${method} ${query.get("comp") ?? ""}`) {
    case "PUT ":
      return "create-container";
    case "GET ":
    case "HEAD ":
      return "get-container-properties";
    case "GET list":
      return "list-blobs";
    case "DELETE ":
      return "delete-container";
    default:
      return "other";
  }
}

function queueOperation({ method, query }: RequestParts, names: readonly string[]): Operation {
  const [, below, id] = names;
  if (below === "messages") {
    if (method === "POST") return "put-message";
    if (method === "GET") return "get-messages";
    return id === undefined ? "other" : "delete-message";
  }
  switch (`${method} ${query.get("comp") ?? ""}`) {
    case "PUT ":
      return "create-queue";
    case "GET metadata":
    case "HEAD metadata":
      return "get-queue-properties";
    case "DELETE ":
      return "delete-queue";
    default:
      return "other";
  }
}
