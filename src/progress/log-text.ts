import { cleanLine } from './clean-text.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  type ActivityId,
  activityTypes,
  infoLevel,
  type NixEvent,
  nameOfPath,
  parseNixLine,
  resultTypes,
} from './nix-log.ts';

/** A line for people, and the derivation whose build printed it, if one did and we know which. */
export interface TextLine {
  text: string;
  derivation?: string | undefined;
  /** Printed by the build of a derivation. */
  ofBuild: boolean;
}

/** More builds never run at once; what a broken log starts and never stops is not kept for ever. */
const mostBuilds = 4096;

/** Turns a raw log into lines for people, the way Nix prints them when it is not asked for JSON. */
export class LogText {
  readonly #builds = new Map<ActivityId, string>();

  lines(line: string): TextLine[] {
    const event = parseNixLine(line);
    if (event === undefined) return [{ text: cleanLine(line), ofBuild: false }];
    return this.#render(event);
  }

  #render(event: NixEvent): TextLine[] {
    switch (event.action) {
      case 'msg':
        return event.level <= infoLevel ? split(event.text) : [];
      case 'start':
        this.#remember(event);
        return event.level <= infoLevel && event.text !== '' ? split(event.text) : [];
      case 'stop':
        this.#builds.delete(event.id);
        return [];
      case 'result':
        return this.#result(event);
      case 'other':
        return [];
    }
  }

  #remember({ id, type, fields }: Extract<NixEvent, { action: 'start' }>): void {
    if (type !== activityTypes.build || this.#builds.size >= mostBuilds) return;
    this.#builds.set(id, nameOfPath(String(fields[0] ?? '')));
  }

  #result({ id, type, fields }: Extract<NixEvent, { action: 'result' }>): TextLine[] {
    if (type !== resultTypes.buildLogLine && type !== resultTypes.postBuildLogLine) return [];
    const derivation = this.#builds.get(id);
    const said = cleanLine(String(fields[0] ?? ''));
    return [{ text: derivation ? `${derivation}> ${said}` : said, derivation, ofBuild: true }];
  }
}

function split(text: string): TextLine[] {
  return text.split('\n').map((line) => ({ text: cleanLine(line), ofBuild: false }));
}

/** The lines of a whole log. */
export function renderLog(raw: string): TextLine[] {
  const text = new LogText();
  const lines = raw.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.flatMap((line) => text.lines(line));
}

/**
 * A raw log as text, from its start on. What is given depends on nothing but the bytes of the raw log, so a byte
 * offset into it names the same place every time: `skip` leaves out what a reader already has.
 */
export async function* renderStream(raw: AsyncIterable<Buffer>, skip = 0): AsyncGenerator<Buffer> {
  const [splitter, text] = [new LineSplitter(), new LogText()];
  let toSkip = skip;
  const render = (lines: readonly string[]) => {
    const rendered = Buffer.from(
      lines.flatMap((line) => text.lines(line).map((l) => `${l.text}\n`)).join(''),
    );
    const from = Math.min(toSkip, rendered.length);
    toSkip -= from;
    return rendered.subarray(from);
  };
  for await (const chunk of raw) {
    const rendered = render(splitter.push(chunk));
    if (rendered.length > 0) yield rendered;
  }
  const last = splitter.end().filter((line) => !beginsLikeNix(line));
  const rest = Buffer.from(last.map((line) => new LogText().lines(line)[0]?.text ?? '').join('')).subarray(
    toSkip,
  );
  if (rest.length > 0) yield rest;
}

/** A line without an end may go on: of one of Nix’s own it is not known yet what it will say. */
const beginsLikeNix = (line: string) => line.startsWith('@nix ') || '@nix '.startsWith(line);
