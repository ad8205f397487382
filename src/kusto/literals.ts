import type { KustoValue } from "./kusto.ts";

/**
 * A value as a KQL literal, which is what the service reads a parameter as ("Query parameters declaration statement").
 * A text is always quoted: the service takes one without quotes as it is, but one that itself begins with a quote it
 * would read as a literal.
 */
export function toLiteral(parameter: KustoValue): string {
  switch (parameter.type) {
    case "string":
      return `"${escaped(parameter.value, /["\\\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu)}"`;
    case "dynamic":
      return `dynamic(${escaped(JSON.stringify(parameter.value), /[\p{Cc}\p{Zl}\p{Zp}]/gu)})`;
    case "int":
    case "long":
    case "real":
    case "bool":
    case "datetime":
    case "timespan":
    case "guid":
      return `${parameter.type}(${parameter.value})`;
  }
}

/** Escapes that KQL and JSON share: control characters, line ends of Unicode and halves of pairs as `\uXXXX`. */
function escaped(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
