import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findChild, parseXml, type XmlElement } from "../../../src/azure/wire/xml-tree.ts";

const leaf = (name: string, text: string): XmlElement => ({ name, attributes: {}, children: [], text });

describe("a document", () => {
  it("is read with its attributes, entities and empty elements, whatever stands before the root", () => {
    const xml = `\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<List Of='a&quot;b' Is="&#x1F600;&#65;">
      <One>a&amp;b &lt;&gt;&apos;&#x1;</One><Two /><Three></Three></List> `;
    const root = parseXml(xml);
    expect(root).toMatchObject({ name: "List", attributes: { Of: 'a"b', Is: "😀A" } });
    expect(root.children).toEqual([leaf("One", "a&b <>'\u0001"), leaf("Two", ""), leaf("Three", "")]);
    expect(findChild(root, "Two")?.text).toBe("");
    expect(findChild(root, "Four")).toBeUndefined();
  });

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a><b></a></b>",
    "<a></a><b></b>",
    "<a></a>text",
    "</a>",
    "<a",
    "<a b></a>",
    "<a b=c></a>",
    "<!DOCTYPE html><a></a>",
    "<!-- no --><a></a>",
    "<a><![CDATA[x]]></a>",
    "<a><?x y?></a>",
    "<a>&nbsp;</a>",
    "<a>&</a>",
    "<a>&#x110000;</a>",
    "<a>".repeat(20) + "</a>".repeat(20),
  ])("that is none of the service's is refused: %j", (xml) => {
    expect(() => parseXml(xml)).toThrow(SyntaxError);
  });

  it("gives every text back that is written as the service writes it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = Array.from(text)
          .map((char) =>
            char < " " || "&<>".includes(char) ? `&#x${char.charCodeAt(0).toString(16)};` : char,
          )
          .join("");
        expect(parseXml(`<a>${escaped}</a>`).text).toBe(text);
      }),
    );
  });

  it("cut anywhere is refused", () => {
    const xml = "<a><b c='d'>e&amp;f</b><g/></a>";
    for (let at = 0; at < xml.length; at++) expect(() => parseXml(xml.slice(0, at))).toThrow(SyntaxError);
  });
});
