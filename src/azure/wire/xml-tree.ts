/** An element of a document: text, or elements; those of this service have both only as space between the elements. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** What stands in it besides elements, decoded. */
  readonly text: string;
}

/** What stands between two places of interest: a tag, or what only the document's head may have. */
const TAG = /<(?:\?[^>]*\?|(\/)?([A-Za-z_][\w.-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/)?)>/y;
const ATTRIBUTE = /([\w.:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;
/** Deeper than any answer of the service. */
const DEEPEST = 16;

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Reads the small part of XML that the services write: elements, attributes, text and the entities. No comments, CDATA,
 * document types or processing instructions but the first.
 *
 * @returns the root
 * @throws SyntaxError for anything else, and for a document that is not whole
 */
export function parseXml(xml: string): XmlElement {
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let at = xml.startsWith("\uFEFF") ? 1 : 0;
  while (at < xml.length) {
    const next = xml.indexOf("<", at);
    const text = next === -1 ? xml.slice(at) : xml.slice(at, next);
    const inside = open.at(-1);
    if (inside !== undefined) inside.text += decoded(text);
    else if (text.trim() !== "") throw new SyntaxError("text outside the root");
    if (next === -1) break;
    const [tag, isEnd, name = "", attributes = "", isEmpty] = tagAt(xml, next);
    at = next + tag.length;
    if (name === "") {
      if (root !== undefined || inside !== undefined) throw new SyntaxError("an instruction in the document");
      continue;
    }
    if (isEnd === undefined) {
      if (root !== undefined || open.length === DEEPEST) throw new SyntaxError(`an odd <${name}>`);
      open.push({ name, attributes: attributesIn(attributes), children: [], text: "" });
      if (isEmpty === undefined) continue;
    }
    const closed = open.pop();
    if (closed?.name !== name) throw new SyntaxError(`an odd </${name}>`);
    const parent = open.at(-1);
    if (parent === undefined) root = closed;
    else parent.children.push(closed);
  }
  if (root === undefined || open.length > 0) throw new SyntaxError("the document is not whole");
  return root;
}

/** The first child of this name. */
export function findChild(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

function tagAt(xml: string, at: number): RegExpExecArray {
  TAG.lastIndex = at;
  const tag = TAG.exec(xml);
  if (tag === null) throw new SyntaxError("an odd tag");
  return tag;
}

function attributesIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(ATTRIBUTE)].map(([, name = "", inQuotes, inTicks]) => [
      name,
      decoded(inQuotes ?? inTicks ?? ""),
    ]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const ENTITY = /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|([a-z]{2,4}));|&/g;

/** The text with its entities replaced. @throws SyntaxError for one that is not known */
function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(ENTITY, (_, decimal?: string, hex?: string, name?: string) => {
    const known = name === undefined ? toCharacter(decimal, hex) : ENTITIES[name];
    if (known === undefined) throw new SyntaxError("an unknown entity");
    return known;
  });
}

function toCharacter(decimal: string | undefined, hex: string | undefined): string | undefined {
  if (decimal === undefined && hex === undefined) return undefined;
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined;
}
