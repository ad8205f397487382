/** What a service says about the token that it would take, in the `WWW-Authenticate` of a 401. */
export interface Challenge {
  /** The tenant that the account belongs to. */
  readonly tenantId: string | undefined;
  /** Claims that the next token must have, as JSON. */
  readonly claims: string | undefined;
}

/** Reads `Bearer authorization_uri=https://login.../TENANT/... resource_id=...` and `Bearer ... claims="base64"`. */
export function challengeIn(header: string | undefined): Challenge {
  const tenantId =
    /authorization(?:_uri)?="?https:\/\/[^/\s"]+\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/i;
  const claims = /\bclaims="([A-Za-z0-9+/=_-]+)"/.exec(header ?? "")?.[1];
  return {
    tenantId: tenantId.exec(header ?? "")?.[1]?.toLowerCase(),
    claims: claims === undefined ? undefined : Buffer.from(claims, "base64").toString(),
  };
}
