import { parse } from 'yaml';
import { z } from 'zod';
import { parseBytes, parseDuration } from '../amounts.ts';
import { nearest } from '../builds/nearest.ts';
import { conversions } from '../builds/request.ts';
import { NexusError } from '../errors.ts';

const mebibyte = 1024 * 1024;
const text = z.union([z.string(), z.number()]).transform(String);
const list = z.union([text.transform((one) => [one]), z.array(text)]);
const limit = (read: (text: string) => number | undefined, such: string) =>
  text.transform((given, context) => {
    if (given === 'none') return null;
    const value = read(given);
    if (value !== undefined && value > 0) return value;
    context.addIssue({ code: 'custom', message: `must be ${such}, or none` });
    return z.NEVER;
  });
const duration = limit(parseDuration, 'a duration such as 30m or 2h').optional();
const size = limit(parseBytes, 'a size such as 512M or 10G').optional();

const diskSize = text.transform((given, context) => {
  const bytes = parseBytes(given);
  if (bytes !== undefined && bytes > 0 && bytes % mebibyte === 0) return bytes / mebibyte;
  context.addIssue({ code: 'custom', message: 'must be a size in whole MiB, such as 20G' });
  return z.NEVER;
});

/** What a `nexus.yaml` may say; the names are those of the API. */
const options = z.strictObject({
  name: text.optional(),
  variants: list.optional(),
  attribute: text.optional(),
  host: text.optional(),
  system: text.optional(),
  nixpkgs: text.optional(),
  diskSize: diskSize.optional(),
  imageName: text.optional(),
  modules: list.optional(),
  convert: z.enum(conversions).optional(),
  priority: z.number().int().min(-10).max(10).optional(),
  limits: z.strictObject({ time: duration, silence: duration, log: size, artifact: size }).optional(),
});

export type InboxOptions = z.infer<typeof options>;

const known = [...Object.keys(options.shape), 'time', 'silence', 'log', 'artifact'];

/**
 * Reads the options of an entry.
 * @throws {NexusError} `request-invalid`, naming everything that is wrong, with the names that were probably meant.
 */
export function parseOptions(file: string, content: string): InboxOptions {
  const result = options.safeParse(readYaml(file, content) ?? {});
  if (result.success) return result.data;
  const wrong = result.error.issues.flatMap((issue) => {
    const where = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return [`${where || 'all of it'}: ${issue.message}`];
    return issue.keys.map((key) => {
      const near = nearest(key, known)[0];
      return `${[...issue.path, key].join('.')}: no such option${near ? `; did you mean ${near}?` : ''}`;
    });
  });
  throw new NexusError('request-invalid', `${file} is wrong:\n  ${wrong.join('\n  ')}`, {
    hint: `It may have: ${Object.keys(options.shape).join(', ')}.`,
  });
}

function readYaml(file: string, content: string): unknown {
  try {
    // Aliases that multiply are refused after so many.
    return parse(content, { maxAliasCount: 100 });
  } catch (error) {
    throw new NexusError('request-invalid', `${file} is no YAML: ${String((error as Error).message)}`, {
      cause: error,
    });
  }
}
