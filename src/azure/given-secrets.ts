/** What a SAS and an account's key must look like, so that a wrong one is told at the start and not by each request. */
import { ReuploadError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";

/**
 * A SAS as a query without its question mark.
 *
 * @param where the variable, or the part of one, that holds it
 * @throws ReuploadError `bad-option` that never shows the value
 */
export function sasTokenOf(given: Secret, where: string): Secret {
  const token = given.reveal().trim().replace(/^\?/, "");
  if (token === "") throw refused(`${where} is empty`, SAS_ADVICE);
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw refused(`${where} contains a blank, a line end or a character that no SAS has`, SAS_ADVICE);
  }
  if (token.includes("?")) throw refused(`${where} contains a whole link`, SAS_ADVICE);
  if (!/(?:^|&)sig=[^&]/.test(token)) throw refused(`${where} has no signature (sig=...)`, SAS_ADVICE);
  return new Secret(token);
}

const SAS_ADVICE = "Give only the SAS: it begins with sv= or sp=, and no host stands before it.";

/** An account's key. @param where as for a SAS @throws ReuploadError `bad-option` that never shows the value */
export function accountKeyOf(given: Secret, where: string): Secret {
  const key = given.reveal().trim();
  if (key === "") throw refused(`${where} is empty`, KEY_ADVICE);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) throw refused(`${where} is not base64`, KEY_ADVICE);
  return new Secret(key);
}

const KEY_ADVICE = "Copy the whole key from the portal (Access keys).";

function refused(why: string, advice: string): ReuploadError {
  return new ReuploadError("bad-option", `${why}.`, { advice });
}
