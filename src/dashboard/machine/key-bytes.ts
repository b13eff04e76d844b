/** What of a key event tells what it means. */
export interface Key {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  metaKey: boolean;
}

/** What terminals send for keys that are no characters: those of the VT220 and xterm. */
const named: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\x7f',
  Tab: '\t',
  Escape: '\x1b',
  Insert: '\x1b[2~',
  Delete: '\x1b[3~',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
  F1: '\x1bOP',
  F2: '\x1bOQ',
  F3: '\x1bOR',
  F4: '\x1bOS',
  F5: '\x1b[15~',
  F6: '\x1b[17~',
  F7: '\x1b[18~',
  F8: '\x1b[19~',
  F9: '\x1b[20~',
  F10: '\x1b[21~',
  F11: '\x1b[23~',
  F12: '\x1b[24~',
};

/** These begin otherwise when the guest has asked for application mode (DECCKM). */
const cursor: Readonly<Record<string, string>> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  End: 'F',
  Home: 'H',
};

/** What a key sends on a serial line, or nothing when it is a character that comes as input, or the browser's own. */
export function keyBytes(key: Key, isApplicationMode: boolean): string | undefined {
  const { key: name, ctrlKey, altKey, shiftKey, metaKey } = key;
  // Ctrl-Shift-V pastes in terminals, Command-V on a Mac.
  if (metaKey || (ctrlKey && shiftKey)) return undefined;
  if (Object.hasOwn(cursor, name)) return `${isApplicationMode ? '\x1bO' : '\x1b['}${cursor[name]}`;
  if (name === 'Tab' && shiftKey) return '\x1b[Z';
  if (Object.hasOwn(named, name)) return (altKey ? '\x1b' : '') + named[name];
  // AltGr, as Windows tells of it, makes characters.
  if (ctrlKey && altKey) return undefined;
  if (ctrlKey) return controlCode(name);
  return altKey && /^[!-~]$/.test(name) ? `\x1b${name}` : undefined;
}

function controlCode(name: string): string | undefined {
  if (name === ' ') return '\0';
  return /^[a-z@[\\\]^_]$/i.test(name)
    ? String.fromCharCode(name.toUpperCase().charCodeAt(0) & 0x1f)
    : undefined;
}
