/** What a check found: `fail` keeps builds from working, `warn` makes them slow or may keep some from working. */
export interface Finding {
  verdict: 'pass' | 'warn' | 'fail';
  /** What is the case. */
  what: string;
  /** What to do about it. */
  advice?: string | undefined;
}

export interface Check {
  /** Stable, for programs. */
  id: string;
  title: string;
  look(signal: AbortSignal): Promise<Finding>;
}

export interface CheckedFinding extends Finding {
  id: string;
  title: string;
}

export const pass = (what: string): Finding => ({ verdict: 'pass', what });
export const warn = (what: string, advice?: string): Finding => ({ verdict: 'warn', what, advice });
export const fail = (what: string, advice?: string): Finding => ({ verdict: 'fail', what, advice });
