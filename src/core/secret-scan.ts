/**
 * Looks for secrets in what is about to leave the machine. It is no second redaction: it has its own, wider idea of a
 * secret, so that what `redact` does not know is found too. It says what kind was found and never shows it.
 */

export interface FoundSecret {
  /** Such as `a SAS signature`. */
  readonly what: string;
  /** The first line being 1. */
  readonly line: number;
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/sig(?:=|%3D|%253D|\\u003d)(?!\*|%2A)[^&\s"'<>*]{8,}/i, "a SAS signature"],
  [
    /\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)\s*(?:=|%3D)\s*(?!\*)[^\s;"'*]{8,}/i,
    "a connection string",
  ],
  [/(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{86}(?:={2}|%3D%3D)/, "an account key"],
  [/\bSharedKey(?:Lite)? [^:\s]+:(?!\*)[A-Za-z0-9+/=]{20,}/, "a signed request"],
  [/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}/, "a token"],
  [/\bBearer\s+(?!\*)[\w.~+/=-]{20,}/i, "a token"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/:\/\/[^\s/?#"'<>@*]+:(?!\*)[^\s/?#"'<>@*]+@/, "a password in an address"],
  [
    /\b(?:client_secret|refresh_token|access_token|password|passwd|pwd)["']?\s*[=:]\s*["']?(?!\*|null\b)[^\s"'&;,*]{8,}/i,
    "a password or token",
  ],
];

/**
 * The secrets in a text.
 *
 * @param known values of secrets that this process was given; those of less than 6 characters are too common to look for
 */
export function findSecrets(text: string, known: readonly string[] = []): FoundSecret[] {
  const found = KINDS.flatMap(([pattern, what]) => {
    const at = pattern.exec(text)?.index;
    return at === undefined ? [] : [{ what, line: lineAt(text, at) }];
  });
  const given = known.filter(({ length }) => length >= LEAST_KNOWN).flatMap((value) => spellings(value));
  const at = given.map((value) => text.indexOf(value)).find((place) => place >= 0);
  return at === undefined
    ? found
    : [...found, { what: "a secret of this machine's environment", line: lineAt(text, at) }];
}

const LEAST_KNOWN = 6;

/** How a value may stand in an address or in JSON. */
function spellings(value: string): string[] {
  return [...new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])];
}

function lineAt(text: string, place: number): number {
  return text.slice(0, place).split("\n").length;
}

const SECRET_NAME = /KEY|SECRET|PASSWORD|PASSWD|TOKEN|SAS|CONNECTION_STRING|CREDENTIAL|PROXY/i;

/**
 * The values of an environment that are secrets by their names; of a connection string its key and signature, of a
 * proxy's address its password.
 */
export function secretValues(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (value === undefined || value === "" || !SECRET_NAME.test(name)) return [];
    if (/PROXY/i.test(name))
      return [...value.matchAll(/:\/\/[^:@/]*:([^@/]+)@/g)].map(([, password = ""]) => password);
    const parts = [...value.matchAll(/(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([^;]+)/gi)];
    if (parts.length > 0) return parts.map(([, part = ""]) => part);
    // The path of a certificate or a token's file is none.
    return /[/\\]/.test(value) && !value.includes("=") ? [] : [value];
  });
}
