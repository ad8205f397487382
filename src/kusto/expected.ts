/**
 * Which answers are the cluster's own, by call. Anything else comes from something on the way to it: a proxy, a
 * captive portal, another server. It is a network problem that is tried again, whatever status it has.
 *
 * | call                           | success                              | a refusal                                   |
 * |--------------------------------|--------------------------------------|---------------------------------------------|
 * | `POST /v2/rest/query`          | 200 with the frames of `frames.ts`   | JSON `{ error }`; 401 with a Bearer challenge |
 * | `GET /v1/rest/auth/metadata`   | 200 with JSON `{ AzureAD }`          | 404: the cluster is of the public cloud     |
 */
import type { CloudInfo } from "azure-kusto-data";
import { isObject, type NotAnAnswer } from "./frames.ts";

/** What is seen of an answer before its body. */
export interface AnswerHead {
  readonly status: number;
  readonly contentType: string | undefined;
}

/** Whether a refused query was refused by the service. @param body its JSON, undefined when it is none */
export function isServiceRefusal(status: number, challenge: string | undefined, body: unknown): boolean {
  if (status === 401 && /^\s*Bearer\b/i.test(challenge ?? "")) return true;
  return isObject(body) && "error" in body && isObject(body.error);
}

/** The cloud that the page names, undefined in it for the public one; undefined when the text is no such page. */
export function cloudIn(text: string): { readonly cloud: CloudInfo | undefined } | undefined {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(page) || !("AzureAD" in page)) return undefined;
  const cloud = page.AzureAD;
  if (cloud === null) return { cloud: undefined };
  const isWhole =
    isObject(cloud) &&
    "LoginEndpoint" in cloud &&
    "KustoServiceResourceId" in cloud &&
    isHttps(cloud.LoginEndpoint) &&
    isHttps(cloud.KustoServiceResourceId);
  return isWhole ? { cloud: cloud as unknown as CloudInfo } : undefined;
}

function isHttps(value: unknown): boolean {
  return typeof value === "string" && URL.parse(value)?.protocol === "https:";
}

const LONGEST_TYPE = 60;

/**
 * Who answered in place of the cluster, in words.
 *
 * @param head undefined when nothing is known of it
 * @param why what is wrong with a 200
 */
export function notTheService(cluster: string, head: AnswerHead | undefined, why?: NotAnAnswer): string {
  const { host } = new URL(cluster);
  const status = head === undefined ? [] : [`HTTP ${head.status}`];
  const type = head?.contentType?.replaceAll(/[^\x21-\x7e ]/g, "?").slice(0, LONGEST_TYPE);
  const facts = [...status, ...(type === undefined ? [] : [type])].join(", ");
  const shown = facts === "" ? "" : ` (${facts})`;
  const reason = why === undefined ? "" : `: ${why.message}`;
  return why === undefined || why.isForeign
    ? `something between this machine and ${host} answered${shown}${reason}`
    : `the answer of ${host} cannot be used${shown}${reason}`;
}
