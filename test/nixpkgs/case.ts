/** One thing that is evaluated. */
export interface Case {
  what: string;
  system: string;
  /** @throws what is wrong. */
  evaluate(): Promise<Outcome>;
}

export type Outcome =
  /** What came out: a derivation, or a remark. */
  | { result: 'ok'; detail: string }
  /** The product refuses it before anything is evaluated, as it should here. */
  | { result: 'refused'; detail: string };

export interface Row {
  what: string;
  system: string;
  result: Outcome['result'] | 'FAILED';
  seconds: number;
  detail: string;
}

export async function evaluateCase({ what, system, evaluate }: Case): Promise<Row> {
  const began = Date.now();
  const row = (result: Row['result'], detail: string): Row => {
    return { what, system, result, seconds: (Date.now() - began) / 1000, detail };
  };
  try {
    const { result, detail } = await evaluate();
    return row(result, detail);
  } catch (error) {
    return row('FAILED', error instanceof Error ? error.message : String(error));
  }
}

/** A Markdown table. */
export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ what, system, result, seconds, detail }) => {
    const cells = [what, system, result, seconds.toFixed(0), oneLine(detail)];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| what | system | result | s | derivation or first error |',
    '|---|---|---|--:|---|',
    ...lines,
  ].join('\n');
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 300);
