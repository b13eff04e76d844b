import { createLogger, format, type Logger, transports } from 'winston';

export type { Logger } from 'winston';

/** A logger that writes one line an entry to standard error: fixed message first, then the fields as JSON. */
export function makeLogger(level: string): Logger {
  const line = format.printf(({ timestamp, level: severity, message, ...fields }) => {
    const rest = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
    return `${timestamp} ${severity} ${message}${rest}`;
  });
  return createLogger({
    level,
    format: format.combine(format.timestamp(), line),
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
  });
}
