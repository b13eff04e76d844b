import fc from 'fast-check';

/** What has broken shells, parsers, file systems and terminals before. Every one would leave a file `hacked`. */
export const hostileWords = [
  ...[
    '',
    ' ',
    '-rf',
    '--',
    '--option',
    '-',
    '.',
    '..',
    '../..',
    '/',
    '/etc/passwd',
    '~',
    '*',
    '?',
    '[a]',
    '{a,b}',
  ],
  ...[
    '$(touch hacked)',
    '`touch hacked`',
    '; touch hacked',
    '& touch hacked',
    '| touch hacked',
    '\ntouch hacked\n',
  ],
  ...[
    "'; touch hacked; '",
    '"; touch hacked; "',
    "'$(touch hacked)'",
    '"$(touch hacked)"',
    "\\'; touch hacked #",
  ],
  ...[
    '${x}',
    '$${x}',
    '\\${x}',
    '$((1))',
    '$x',
    '$',
    '!!',
    '!x',
    '#',
    ' #',
    '%s',
    '%n',
    '\\n',
    '\\',
    "'",
    '"',
    "''",
    '""',
  ],
  ...[
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\v',
    '\x07',
    '\x1b[31m',
    '\x7f',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\u200b',
  ],
  ...[
    '\0',
    'a\0b',
    '\ud800',
    '\udc00',
    'a\ud800b',
    '\ud83e\udd86',
    'ü',
    'u\u0308',
    'İ',
    'ﬀ',
    '本',
    '\ufffd',
    '\u{10ffff}',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'EOF',
    'END',
    '# nexus-build: other',
    '<<END',
    '<(x)',
    '>hacked',
  ],
  ...['%', '%00', '%2e%2e%2f', '%20', '?dir=..', '#x', 'a:b', 'path:.', 'x'.repeat(300), '🦆'.repeat(80)],
];

/** A character of any kind, half of a surrogate pair too. */
const unit = fc.oneof(
  fc.constantFrom(...' \'"\\$`;&|<>(){}[]*?!#~%=-./:@,\n\r\t\0'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(...'abcXYZ019'),
);

/** Text nobody sane would type. */
export const hostileText = fc.oneof(
  fc.constantFrom(...hostileWords),
  fc
    .array(fc.oneof(unit, fc.constantFrom(...hostileWords)), { maxLength: 12 })
    .map((parts) => parts.join('')),
);

/** As UTF-8 it says the same: no half surrogate pair, and no NUL, which no argument can hold. */
export function isPlainText(text: string): boolean {
  return !text.includes('\0') && Buffer.from(text).toString() === text;
}
