/** Cutting CSV into parts that are sent one after the other; the API reads what is in them. */

const SEPARATORS = ",;\t|";

/**
 * Split a text into its records, which are lines unless a line break stands in quotes.
 *
 * @param {string} text
 * @returns {string[]} Without those that are empty
 */
export function records(text) {
  const found = [];
  let start = 0;
  while (start < text.length) {
    const end = endOf(text, start);
    const record = text.slice(start, end);
    if (record.trim() !== "") found.push(record);
    start = end + 1;
  }
  return found;
}

/** Where a record ends. One whose quote is never closed is its first line, as the API has it. */
function endOf(text, start) {
  let isQuoted = false;
  // A quote within a cell is only a character.
  let isBegin = true;
  let line = -1;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\n" || character === "\r") {
      if (!isQuoted) return index;
      if (line < 0) line = index;
    } else if (character === '"' && isQuoted && text[index + 1] === '"') {
      index += 1;
    } else if (character === '"' && (isQuoted || isBegin)) {
      isQuoted = !isQuoted;
      isBegin = false;
    } else {
      isBegin = !isQuoted && (SEPARATORS.includes(character) || (isBegin && character === " "));
    }
  }
  return isQuoted && line >= 0 ? line : text.length;
}

/**
 * Split CSV into its first lines, which each part needs, and the rows.
 *
 * @param {string} text
 * @returns {{head: string[], rows: string[]}} `head` is the line of names, after a line `sep=` if there is one
 */
export function split(text) {
  const all = records(text.replace(/^\uFEFF/, ""));
  const length = /^"?sep=/i.test(all[0] ?? "") ? 2 : 1;
  return { head: all.slice(0, length), rows: all.slice(length) };
}

/**
 * Read a file's bytes as text: UTF-8, or else as spreadsheets of Western Europe write it.
 *
 * @param {ArrayBuffer} bytes
 */
export function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
