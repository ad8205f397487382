// Texts as HTTP, XML and the storage API spell them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

bool equalsIgnoringCase(std::string_view one, std::string_view other);

/** Undoes %XX; with `plusIsSpace` also the + of query strings. What is not a valid escape stays as it is. */
std::string decodePercent(std::string_view text, bool plusIsSpace = false);

std::string toBase64(std::string_view bytes);

/** Nothing when the text is not base64 with its padding. */
std::optional<std::string> fromBase64(std::string_view text);

/** Appends the low `digits` hex digits of a number. */
void appendHex(std::string& text, uint64_t number, int digits, bool upper = false);

/** Two numbers in the form of a GUID. */
std::string toGuid(uint64_t high, uint64_t low);

bool isGuid(std::string_view text);

/** Text made fit for the inside of an XML element or attribute. */
std::string escapeXml(std::string_view text);

std::string unescapeXml(std::string_view text);

/** Text in the quotes of JSON. */
std::string quoteJson(std::string_view text);

/** Nothing unless the whole text is a number that is not negative. */
std::optional<uint64_t> toNumber(std::string_view text);
