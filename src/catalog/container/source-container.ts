import { isAllowed, isLoopback } from "../../azure/azure.ts";
import { ReuploadError } from "../../core/errors.ts";
import type { SourcePrefix } from "../../core/source-prefix.ts";
import { checkTemplate, folderTemplate } from "../work-item-folder.ts";

/** A container and where work items lie in it. */
export interface SourceContainer {
  /** Without query and without a slash at its end. */
  readonly url: string;
  readonly prefix: SourcePrefix;
  /** Kind and place, as the run's identity has it. */
  readonly identity: string;
}

/**
 * Reads `--source-container`, and checks what can be checked without the service.
 *
 * @throws ReuploadError `source-invalid`
 */
export function sourceContainer(given: string, prefix: SourcePrefix): SourceContainer {
  const url = URL.parse(given);
  if (url === null) throw invalid("is not a URL");
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw invalid(
      "contains a SAS or a password",
      "Set REUPLOAD_SOURCE_SAS instead. Other users can see the values of flags in `ps`.",
    );
  }
  if (!isAllowed(url)) throw invalid(`${url.origin} is not https`);
  const path = url.pathname.replace(/\/$/, "");
  const names = path.split("/").slice(1);
  // Emulators have the account in the path.
  const wanted = isLoopback(url) ? 2 : 1;
  if (names.length < wanted || names.includes("")) throw invalid(`${given} names no container`);
  if (names.length > wanted) {
    throw invalid(
      `${given} names more than a container`,
      "Give the path of the work items in the container with --source-prefix.",
    );
  }
  const name = names.at(-1) ?? "";
  if (!/^(?:[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$web|\$logs)$/.test(name)) {
    throw invalid(`"${name}" is not a valid container name`);
  }
  checkTemplate(prefix);
  const place = url.origin + path;
  return { url: place, prefix, identity: `container:${place}/${folderTemplate(prefix)}` };
}

function invalid(why: string, advice?: string): ReuploadError {
  return new ReuploadError("source-invalid", `--source-container ${why}.`, {
    advice: advice ?? "Give it as https://ACCOUNT.blob.core.windows.net/CONTAINER.",
  });
}
