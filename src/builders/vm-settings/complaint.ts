/** More than any such file has; it is held in memory. */
const mostBytes = 256 * 1024;

export function complaintAboutSize(bytes: number): string | undefined {
  return bytes > mostBytes ? `has ${bytes} bytes, and ${mostBytes} is the most` : undefined;
}

/**
 * What is wrong with a settings file, if anything is. Nix and systemd would say so as well, or would not, but in the
 * log of a build and with the line itself, which may be secret: so no complaint quotes a line.
 */
export function complaintAbout(name: string, content: Buffer): string | undefined {
  if (content.includes(0)) return 'is not text';
  const text = content.toString();
  if (text.includes('\r')) return 'has the line ends of Windows (CRLF)';
  if (name === 'nix.conf')
    return complaintAboutLine(text, isNixConfLine, 'is not of the form “name = value”');
  if (name === 'environment')
    return complaintAboutLine(text, isEnvironmentLine, 'is not of the form NAME=value');
  return undefined;
}

function complaintAboutLine(text: string, isRight: (line: string) => boolean, what: string) {
  const wrong = text.split('\n').findIndex((line) => !isRight(line));
  return wrong < 0 ? undefined : `line ${wrong + 1} ${what}`;
}

/** As Nix reads it: words, and what follows # is a comment. */
function isNixConfLine(line: string): boolean {
  const words = line.replace(/#.*/, '').trim().split(/\s+/);
  if (words[0] === '') return true;
  return /^!?include$/.test(words[0] ?? '') ? words.length === 2 : words[1] === '=';
}

/** As systemd.exec(5) describes an EnvironmentFile, but a value has to end in its line. */
const isEnvironmentLine = (line: string) => /^\s*($|[#;]|[A-Za-z_]\w*=.*[^\\]$|[A-Za-z_]\w*=$)/.test(line);
