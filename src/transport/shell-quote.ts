/**
 * Turns an argument list into one line for a POSIX shell in which every argument stays one word.
 * sshd hands `exec` requests to the login shell as a single string, so this is the only safe way in.
 */
export function shellQuote(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_/:=.,@%+-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
