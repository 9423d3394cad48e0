/** Cutting CSV into parts that are sent one after the other; the API reads what is in them. */

/**
 * Split a text into its records, which are lines unless a line break stands in quotes.
 *
 * @param {string} text
 * @returns {string[]} Without those that are empty
 */
export function records(text) {
  const found = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index <= text.length; index += 1) {
    const character = text[index];
    if (character === '"') isQuoted = !isQuoted;
    const isEnd = index === text.length || (!isQuoted && (character === "\n" || character === "\r"));
    if (!isEnd) continue;
    const record = text.slice(start, index);
    if (record.trim() !== "") found.push(record);
    start = index + 1;
  }
  return found;
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
