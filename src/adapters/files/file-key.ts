// The names of files, the same for every store: paths of plain names, so that a key can neither
// leave a folder or a prefix nor mean two things in a URL.

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;

/** Whether the text is a path of plain names; `..`, a leading slash or a blank are not. */
export function isFileKey(text: string): boolean {
  return KEY.test(text);
}

/** Throws on anything that is no key. */
export function mustBeFileKey(key: string): void {
  if (!KEY.test(key)) throw new Error(`not a file key: ${JSON.stringify(key)}`);
}
